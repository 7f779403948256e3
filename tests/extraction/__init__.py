"""Tests of ocr_server.extraction."""
