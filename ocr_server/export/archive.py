"""Several formats in one answer: a ZIP archive of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ocr_server.document.model import Document
from ocr_server.export import Format
from ocr_server.export.packing import PackedFile, pack
from ocr_server.export.rendering import Rendering

STEM = "document"


def archive_of(formats: Mapping[str, Format]) -> Format:
    """A format whose files are those of several formats, a file for each."""
    return Format(
        media_type="application/zip",
        suffix="zip",
        label="Archive",
        meaning=f"an archive of {', '.join(formats)}",
        render=partial(_render, tuple(formats.values())),
        shows_pictures=any(format_.shows_pictures for format_ in formats.values()),
    )


def _render(
    formats: tuple[Format, ...],
    document: Document,
    sources: tuple[Path, ...],
    rendering: Rendering,
) -> Iterator[bytes]:
    return pack(
        PackedFile(name, format_.render(part, sources, rendering), format_.is_compressed)
        for format_ in formats
        for name, part in _files(format_, document)
    )


def _files(format_: Format, document: Document) -> Iterator[tuple[str, Document]]:
    """The names of a format's files, and what goes into each."""
    if not format_.one_page_each or len(document.pages) == 1:
        yield f"{STEM}.{format_.suffix}", document
        return
    for page in document.pages:
        yield f"{STEM}-{page.number}.{format_.suffix}", replace(document, pages=(page,))
