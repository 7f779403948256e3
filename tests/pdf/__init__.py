"""Tests of ocr_server.pdf."""
