"""Tests of ocr_server.reading."""

from __future__ import annotations
