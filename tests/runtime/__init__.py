"""Tests of ocr_server.runtime."""
