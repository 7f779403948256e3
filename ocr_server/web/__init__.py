"""The web: pages for people, an API for programs."""

from __future__ import annotations
