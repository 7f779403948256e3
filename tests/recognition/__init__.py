"""Tests of ocr_server.recognition."""

from __future__ import annotations
