"""Tests of ocr_server.web."""

from __future__ import annotations
