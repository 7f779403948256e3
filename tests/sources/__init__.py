"""Tests of ocr_server.sources."""
