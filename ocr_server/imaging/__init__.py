"""Image processing: the canvas, the operations on it, and measurements of it."""

from __future__ import annotations
