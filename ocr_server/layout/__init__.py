"""Layout: parts of a page, rows, columns, tables and reading order."""

from __future__ import annotations
