"""Tests; the folders mirror those of `ocr_server`."""

from __future__ import annotations
