"""Plain text, in reading order: what every other format says, without the places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr_server.export.format import Rendering
from ocr_server.model import Document, Line, Page, has_blank

# A hyphen that parts a word at the end of a line: hyphen-minus, soft hyphen or hyphen after a
# letter. Only a small letter on the next line proves that the word goes on.
_PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")


def render_text(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Lines, an empty line between paragraphs and zones, a form feed between pages."""
    del sources  # plain text shows no picture
    for position, page in enumerate(document.pages):
        text = page_text(page, join_lines=rendering.join_lines)
        yield ("\f" * (position > 0) + text).encode(errors="replace")
    yield b"\n"


def page_text(page: Page, *, join_lines: bool) -> str:
    """The page's text; without joining it is the page's own."""
    if not join_lines:
        return page.text
    paragraphs = (lines for zone in page.zones for lines in zone.paragraphs())
    return "\n\n".join(joined(line.text for line in lines) for lines in paragraphs)


def paragraph_text(lines: tuple[Line, ...], *, join_lines: bool) -> str:
    """The text of a paragraph, its lines kept or joined."""
    texts = (line.text for line in lines)
    return joined(texts) if join_lines else "\n".join(texts)


def joined(lines: Iterable[str]) -> str:
    """Lines as one: a parted word whole again, and no blank where the script has none."""
    text = ""
    for line in lines:
        if line and line[0].islower() and _PARTED.search(text[-2:]):
            text = text[:-1] + line
        else:
            text += f" {line}" if has_blank(text, line) else line
    return text
