"""Plain text, in reading order: what every other format says, without the places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr_server.document.model import Document, Line, Page, has_blank
from ocr_server.export.format import Rendering

# A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
_PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
# A dash between figures, as in 1914-1918.
_RANGE = re.compile(r"(?<=\d)[-\u2010\u2013]$")
# What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
_CONJUNCTION = re.compile(r"(?:and|or|und|oder|bis|et|ou)\b|bzw\.")


def render_text(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Lines, an empty line between paragraphs and zones, a form feed between pages."""
    del sources  # plain text shows no picture
    for position, page in enumerate(document.pages):
        if position:
            yield b"\f"
        yield page_text(page, join_lines=rendering.join_lines).encode(errors="replace")
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
        is_parted = line[:1].isalnum() and _PARTED.search(text[-2:])
        if is_parted and not _CONJUNCTION.match(line):
            # A small letter says that the word goes on, unless it has hyphens of its own.
            is_one_word = line[0].islower() and "-" not in text[:-1].rpartition(" ")[2]
            text = (text[:-1] if is_one_word or text[-1] == "\u00ad" else text) + line
        elif line[:1].isdigit() and _RANGE.search(text[-2:]):
            text += line
        else:
            text += f" {line}" if has_blank(text, line) else line
    return text
