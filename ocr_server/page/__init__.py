"""Reading one page: the recipe and the decisions that need the engine."""

from __future__ import annotations
