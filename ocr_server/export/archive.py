"""Several formats in one answer: a ZIP archive that leaves while it is being made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ocr_server.document.model import Document
from ocr_server.export import Format
from ocr_server.job import Rendering

STEM = "document"
_MADE = (1980, 1, 1, 0, 0, 0)  # ZIP's earliest date: the same document gives the same bytes


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
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for format_ in formats:
            for name, part in _files(format_, document):
                entry = zipfile.ZipInfo(name, _MADE)
                if not format_.is_compressed:
                    entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w") as file:
                    for piece in format_.render(part, sources, rendering):
                        file.write(piece)
                        yield outlet.take()
    yield outlet.take()


def _files(format_: Format, document: Document) -> Iterator[tuple[str, Document]]:
    """The names of a format's files, and what goes into each."""
    if not format_.one_page_each or len(document.pages) == 1:
        yield f"{STEM}.{format_.suffix}", document
        return
    for page in document.pages:
        yield f"{STEM}-{page.number}.{format_.suffix}", replace(document, pages=(page,))


@dataclass(slots=True)
class _Outlet:
    """A file that cannot be sought: what is written waits here until it is taken."""

    waiting: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> int:
        """Keep it."""
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken
