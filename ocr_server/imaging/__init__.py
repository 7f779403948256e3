"""Pixels to pixels: the canvas, the operations on it, and what is measured of it."""

from __future__ import annotations
