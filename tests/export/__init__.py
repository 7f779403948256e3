"""What leaves: each format, against its standard and against the others."""

from __future__ import annotations
