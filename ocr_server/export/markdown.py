"""Markdown: headings, paragraphs and tables; nothing of the text is taken for markup.

Source: CommonMark 0.31.2, 2.4 (backslash escapes) and 4.5 (fenced code blocks); GitHub
Flavored Markdown, 4.10 (tables).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ocr_server.document.model import Document, Page, Word
from ocr_server.document.roles import Roles
from ocr_server.export.blocks import (
    Block,
    Heading,
    ListItem,
    Paragraph,
    Tabular,
    blocks_of,
    furnished,
)
from ocr_server.export.layout_text import layout_text
from ocr_server.export.rendering import LineUse, Rendering
from ocr_server.export.xml import xml_text

# Anywhere in a line these may begin something: emphasis, code, links, tags, entities, tables,
# strikes, formulas and autolinks of the common dialects.
_INLINE = re.compile(r"([\\`*_\[\]<>&|~$])")
# At the start of a line: headings, lists, rules and the underlines of headings.
_START = re.compile(r"^([#+=:-])|^(\d{1,9})([.)])", re.MULTILINE)
# What stands there for Markdown and not as text: rules of tables, bars, and signs of headings.
_MARKUP = re.compile(r"^\|(?: --- \|)+$|^#+(?= )|(?<!\\)\|", re.MULTILINE)
_CHARACTER = re.compile(r"\\.|.", re.DOTALL)
_MOST_BETWEEN = 200  # characters between two words: bars of empty cells
_FENCE = re.compile(r"`+")
_INDENTED = re.compile(r"\s*\n\s*")  # four blanks would begin code, an empty line a paragraph


def render_markdown(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Paragraphs with an empty line between them, a rule between pages.

    With `LineUse.LAYOUT` each page is a block of code.
    """
    del sources  # Markdown shows no picture
    roles = Roles.of(document.pages)
    for position, page in enumerate(furnished(document.pages, roles, rendering.furniture)):
        parts = ["---"] if position else []
        if rendering.lines is LineUse.LAYOUT:
            parts += [_code(xml_text(text)) for text in [layout_text(page)] if text]
        else:
            parts += [markdown_of(blocks_of(page, roles, join_lines=rendering.join_lines))]
        text = "\n\n".join(filter(None, parts))
        if text:
            yield f"{text}\n\n".encode(errors="replace")


def block_markdown(block: Block) -> str:
    """A block as Markdown."""
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text):
            return escaped(text)
        case ListItem() if block.bullet and not block.lines:
            return (
                f"- {escaped(block.text)}"  # of a file with text of its own: nobody drew the bullet
            )
        case ListItem():
            return escaped(block.whole)
        case Tabular():
            return _table(block.rows)


def markdown_of(blocks: Iterable[Block], write: Callable[[Block], str] = block_markdown) -> str:
    """Blocks with empty lines between them, but for the items of a list."""
    text = ""
    is_item = False
    for block in blocks:
        gap = "\n" if is_item and isinstance(block, ListItem) else "\n\n"
        text += (gap if text else "") + write(block)
        is_item = isinstance(block, ListItem)
    return text


def page_markdown(page: Page, roles: Roles) -> str:
    """A page as Markdown."""
    return markdown_of(blocks_of(page, roles, join_lines=False))


def word_places(page: Page, markdown: str) -> Iterator[tuple[int, int]]:
    """Where in its Markdown each word of a page begins and ends, in characters.

    A word that is not written as it was read, as its hyphen was taken out, has a place without
    length.
    """
    plain, places = _unescaped(markdown)
    found = [(0, 0)] * len(page.words)
    cursor = 0
    for index, word in _words_as_written(page):
        at = plain.find(word.text, cursor, cursor + len(word.text) + _MOST_BETWEEN)
        if at >= 0:
            cursor = at + len(word.text)
            found[index] = places[at], places[cursor - 1] + 1
        else:
            found[index] = places[cursor], places[cursor]
    yield from found


def _words_as_written(page: Page) -> Iterator[tuple[int, Word]]:
    """The words of a page, with their indexes, those of a table cell by cell."""
    first = 0
    for zone in page.zones:
        words = [(first + index, word) for index, word in enumerate(zone.words)]
        first += len(words)
        if zone.table and zone.table.cells:
            cells = list(zone.table.nearest_cells([word.box.middle for _, word in words]))
            order = sorted(range(len(words)), key=cells.__getitem__)
            words = [words[at] for at in order]
        yield from words


def _unescaped(markdown: str) -> tuple[str, list[int]]:
    """The text without escapes, NUL for what is markup, and the place of each of its characters."""
    marked = _MARKUP.sub(lambda found: "\0" * len(found[0]), markdown)
    kept = [found.end() - 1 for found in _CHARACTER.finditer(marked)]
    return "".join(marked[at] for at in kept), [*kept, len(markdown)]


def escaped(text: str) -> str:
    """The text as Markdown that shows just that text."""
    return _START.sub(
        lambda found: f"{found[2] or ''}\\{found[1] or found[3]}",
        _inline(_INDENTED.sub("\n", xml_text(text).strip())),
    )


def _inline(text: str) -> str:
    return _INLINE.sub(r"\\\1", text)


def _code(text: str) -> str:
    """A fenced block of code; its fence is longer than any that is in the text."""
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    shown = [" | ".join(_inline(xml_text(" ".join(cell.split()))) for cell in row) for row in rows]
    head, *body = [f"| {row} |" for row in shown]
    rule = f"|{' --- |' * len(rows[0])}"
    return "\n".join([head, rule, *body])
