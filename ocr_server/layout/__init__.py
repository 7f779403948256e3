"""Zones: cutting a page into parts, joining them, and what kind each zone is."""

from __future__ import annotations
