"""Tests of ocr_server.page."""
