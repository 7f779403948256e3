"""Tests of ocr_server.layout."""
