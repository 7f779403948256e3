"""Tests of ocr_server.export.pdf.writer."""
