"""Tests of ocr_server.fields."""

from __future__ import annotations
