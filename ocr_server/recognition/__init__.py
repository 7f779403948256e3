"""Engines: what turns a canvas into zones."""

from __future__ import annotations
