"""Pages of the web as blocks: headings, paragraphs, items of lists, tables, and pictures.

Source: HTML Living Standard, 4.3 (sections), 4.4 (grouping content), 4.9 (tables).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import unquote

from ocr_server.document.model import Cell, Table
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular
from ocr_server.geometry import Box
from ocr_server.office.pictures import OfficeBlock, Picture

# What begins a new paragraph, and what is no text, by their names in HTML.
_APART = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "main",
        "nav", "ol", "p", "pre", "section", "summary", "td", "th", "tr", "ul",
    }
)  # fmt: skip
_NO_TEXT = frozenset(
    {"head", "iframe", "noscript", "object", "script", "style", "svg", "template", "title"}
)
_HEADING = re.compile(r"h([1-6])")
_NOWHERE = Box(0, 0, 0, 0).quad()

Node: TypeAlias = Any  # of lxml, which has no types
PictureAt: TypeAlias = Callable[[str], bytes | None]  # the bytes of a picture, by its address


def html_blocks(data: bytes, picture_at: PictureAt = lambda _: None) -> Iterator[OfficeBlock]:
    """The blocks of a page of the web, and its pictures.

    A picture is in the page itself, as a data URL, or what `picture_at` finds at its address.
    """
    from lxml import html  # noqa: PLC0415

    if not data.strip():
        return
    encoding = "utf-8" if is_utf_8(data) else None  # else that which the page names
    parser = html.HTMLParser(no_network=True, encoding=encoding, remove_comments=True)
    root = html.document_fromstring(data, parser)
    yield from _Walk(picture_at).blocks(root)


class _Walk:
    """The blocks of a tree of HTML; text is gathered until an element stands apart."""

    def __init__(self, picture_at: PictureAt) -> None:
        self._picture_at = picture_at
        self._texts: list[str] = []
        self._make: Callable[[str], Block] = Paragraph

    def blocks(self, node: Node) -> Iterator[OfficeBlock]:
        """The blocks of an element and what is in it, with what is still gathered at the end."""
        yield from self._inside(node)
        yield from self._flushed()

    def _inside(self, node: Node) -> Iterator[OfficeBlock]:
        name = node.tag if isinstance(node.tag, str) else ""
        if name in {"img", "svg"}:
            yield from self._pictures(node)
        if not name or name in _NO_TEXT:
            return
        if name == "table":
            yield from self._flushed()
            yield from table_of(_rows(node))
            yield from self._pictures(node)
            return
        level = _HEADING.fullmatch(name)
        makes: Callable[[str], Block] | None = None
        if level:
            makes = partial(Heading, level=int(level[1]))
        elif name == "li":
            makes = partial(ListItem, is_numbered=False, bullet="-")
        is_apart = makes is not None or name in _APART
        if is_apart:
            yield from self._flushed()
        before, self._make = self._make, makes or self._make
        self._texts.append(node.text or "")
        for child in node:
            yield from self._inside(child)
            self._texts.append(child.tail or "")
        if is_apart:
            yield from self._flushed()
        self._make = before

    def _pictures(self, node: Node) -> Iterator[OfficeBlock]:
        """The pictures in an element, after the text that is gathered."""
        for picture in node.iter("img", "image"):  # the latter of SVG, as covers of e-books are
            address = picture.get("src") or picture.get("href") or picture.get("xlink:href") or ""
            data = _data_of(address) or self._picture_at(address)
            if data:
                yield from self._flushed()
                yield Picture(data)

    def _flushed(self) -> Iterator[Block]:
        text = " ".join("".join(self._texts).split())
        self._texts.clear()
        if text:
            yield self._make(text)


def _data_of(address: str) -> bytes | None:
    """The bytes of a data URL in base64; None of another address."""
    head, _, content = address.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(unquote(content))
    except ValueError:
        return None


def _rows(table: Node) -> list[list[str]]:
    return [
        [" ".join("".join(cell.itertext()).split()) for cell in row.xpath("./td|./th")]
        for row in table.iter("tr")
    ]


def is_utf_8(data: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def table_of(rows: list[list[str]]) -> Iterator[Tabular]:
    """A table of rows of texts, unless there are none; its cells have no place."""
    columns = max(map(len, rows), default=0)
    if columns:
        cells = tuple(
            Cell(row, column, _NOWHERE, text.strip())
            for row, texts in enumerate(rows)
            for column, text in enumerate(texts)
        )
        yield Tabular(Table(len(rows), columns, cells))
