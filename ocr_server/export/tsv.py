"""Tesseract's table: a row for each page, block, paragraph, line and word.

Source: Tesseract 5, `TessBaseAPI::GetTSVText`, so that its readers read ours: twelve columns,
no quoting, whole pixels, confidence in percent and -1 on all rows but words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocr_server.document.model import Document, Page, hull_of
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box

COLUMNS = (
    "level", "page_num", "block_num", "par_num", "line_num", "word_num",
    "left", "top", "width", "height", "conf", "text",
)  # fmt: skip


def render_tsv(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The header, then each page's rows; zones without words have none."""
    del sources, rendering  # the table shows no picture and always goes down to words
    yield _row(*COLUMNS)
    for page in document.pages:
        yield b"".join(_rows(page))


def _rows(page: Page) -> Iterator[bytes]:
    at = (page.number, 0, 0, 0, 0)
    yield _place(1, at, Box(0, 0, page.width_px, page.height_px))
    for block, zone in enumerate((zone for zone in page.zones if zone.words), 1):
        yield _place(2, (page.number, block, 0, 0, 0), zone.box)
        for paragraph, lines in enumerate(zone.paragraphs(), 1):
            yield _place(3, (page.number, block, paragraph, 0, 0), hull_of(lines))
            for number, line in enumerate(lines, 1):
                yield _place(4, (page.number, block, paragraph, number, 0), line.box)
                for position, word in enumerate(line.words, 1):
                    at = (page.number, block, paragraph, number, position)
                    percent = f"{word.certainty * 100:.6f}"
                    yield _place(5, at, word.box, percent, word.text)


def _place(level: int, at: tuple[int, ...], box: Box, percent: str = "-1", text: str = "") -> bytes:
    left, top, right, bottom = box.rounded()
    return _row(level, *at, left, top, right - left, bottom - top, percent, " ".join(text.split()))


def _row(*cells: object) -> bytes:
    return ("\t".join(map(str, cells)) + "\n").encode(errors="replace")
