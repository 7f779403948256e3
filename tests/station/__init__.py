"""Tests of ocr_server.station."""

from __future__ import annotations
