"""Tests of ocr_server.imaging."""

from __future__ import annotations
