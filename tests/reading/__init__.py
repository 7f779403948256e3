"""What the recipe decides."""

from __future__ import annotations
