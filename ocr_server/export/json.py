"""The document as JSON: all levels of detail, each with its text, place and confidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ocr_server.document import json_writer
from ocr_server.document.continued_tables import with_continued_tables
from ocr_server.document.model import Document, Page
from ocr_server.document.roles import Roles
from ocr_server.export.blocks import furnished
from ocr_server.export.rendering import Rendering
from ocr_server.export.text import page_text

if TYPE_CHECKING:
    from ocr_server.document.schema import PageJson


def render_json(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """A `DocumentJson`, page by page."""
    del sources  # JSON shows no picture
    texts = []
    roles = Roles.of(document.pages)
    yield b'{"engine": ' + _dumped(json_writer.engine_to_json(document.engine)) + b', "pages": ['
    # Side by side, as a stored page is loaded each time it is come to.
    pages, same = tee(with_continued_tables(document.pages))
    furnished_pages = furnished(same, roles, rendering.furniture)
    for position, (page, told) in enumerate(zip(pages, furnished_pages, strict=True)):
        text = page_text(told, rendering.lines)
        shown = json_writer.page_to_json(page, rendering.detail, text=text, roles=roles)
        texts.append(shown["text"])
        yield b",\n" * (position > 0) + _dumped(shown)
    yield b"]"
    if document.fields:
        yield b', "fields": ' + _dumped(json_writer.fields_to_json(document))
    yield b', "text": ' + _dumped("\f".join(texts))
    problems = [json_writer.failure_to_json(failure) for failure in document.problems]
    yield b', "problems": ' + _dumped(problems) + b"}\n"


def render_page(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """A `PageJson`, of the one page of the document."""
    del sources
    (page,) = document.pages
    yield _dumped(page_to_json(page, rendering))


def page_to_json(page: Page, rendering: Rendering) -> PageJson:
    """A page alone, as it is to leave."""
    text = page_text(page, rendering.lines)
    return json_writer.page_to_json(page, rendering.detail, text=text)


def _dumped(value: object) -> bytes:
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=0)
    except UnicodeEncodeError:  # a lone half of a surrogate pair cannot be UTF-8
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")
