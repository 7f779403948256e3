"""Markdown: headings, paragraphs and tables; nothing of the text is taken for markup.

Source: CommonMark 0.31.2, 2.4 (backslash escapes) and 4.5 (fenced code blocks); GitHub
Flavored Markdown, 4.10 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ocr_server.document.model import Document, Page
from ocr_server.export.blocks import (
    Heading,
    ListItem,
    Paragraph,
    Tabular,
    blocks_of,
    body_height_px,
)
from ocr_server.export.layout_text import layout_text
from ocr_server.export.xml import xml_text
from ocr_server.job import LineUse, Rendering

# Anywhere in a line these may begin something: emphasis, code, links, tags, entities, tables,
# strikes, formulas and autolinks of the common dialects.
_INLINE = re.compile(r"([\\`*_\[\]<>&|~$])")
# At the start of a line: headings, lists, rules and the underlines of headings.
_START = re.compile(r"^([#+=:-])|^(\d{1,9})([.)])", re.MULTILINE)
_FENCE = re.compile(r"`+")
_INDENTED = re.compile(r"\s*\n\s*")  # four blanks would begin code, an empty line a paragraph


def render_markdown(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Paragraphs with an empty line between them, a rule between pages.

    With `LineUse.LAYOUT` each page is a block of code.
    """
    del sources  # Markdown shows no picture
    body_px = body_height_px(document)
    for position, page in enumerate(document.pages):
        parts = ["---"] if position else []
        parts += _parts(page, rendering, body_px)
        text = "\n\n".join(parts)
        if text:
            yield f"{text}\n\n".encode(errors="replace")


def _parts(page: Page, rendering: Rendering, body_px: float) -> Iterator[str]:
    if rendering.lines is LineUse.LAYOUT:
        if text := layout_text(page):
            yield _code(xml_text(text))
        return
    for block in blocks_of(page, body_px=body_px, join_lines=rendering.join_lines):
        match block:
            case Heading(text, level):
                yield f"{'#' * level} {escaped(text)}"
            case Paragraph(text) | ListItem(text):
                yield escaped(text)
            case Tabular():
                yield _table(block.texts)


def escaped(text: str) -> str:
    """The text as Markdown that shows just that text."""
    text = _INLINE.sub(r"\\\1", _INDENTED.sub("\n", xml_text(text).strip()))
    return _START.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", text)


def _code(text: str) -> str:
    """A fenced block of code; its fence is longer than any that is in the text."""
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    shown = [" | ".join(escaped(" ".join(cell.split())) for cell in row) for row in rows]
    head, *body = [f"| {row} |" for row in shown]
    rule = f"|{' --- |' * len(rows[0])}"
    return "\n".join([head, rule, *body])
