"""Tests of ocr_server.document."""
