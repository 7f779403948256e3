"""Tests of ocr_server.engines."""
