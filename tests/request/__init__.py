"""Tests of ocr_server.request."""
