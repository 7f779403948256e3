"""Tests of ocr_server.server.waitress_server."""
