"""Tests of ocr_server.segmentation."""

from __future__ import annotations
