"""Pixels: opening files, canvases, and the steps that make text easier to read."""

from __future__ import annotations
