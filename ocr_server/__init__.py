"""An OCR server: bytes in, then pages, zones, lines and words, then any format out."""

from __future__ import annotations

__version__ = "0.1.0"
