"""A recognised document: Document → Page → Zone → Line → Word → Symbol.

Documents and pages are defined here, the levels within a page in `zones` and `lines`, and what else
a page tells in `findings`; all are imported from this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median, mode
from typing import overload

import msgspec
import numpy as np

from ocr_server.document.findings import (
    INCOMPLETE,
    LACKS_MEMORY,
    Advice,
    Code,
    CodeCheck,
    CodeKind,
    Field,
    PageLanguage,
    Quality,
    StageOutcome,
    StageRecord,
)
from ocr_server.document.lines import (
    Alternative,
    Direction,
    Line,
    Symbol,
    Word,
    are_handwritten,
    confidence_of,
    hull_of,
    letters_in,
    mean_confidence,
)
from ocr_server.document.zones import Cell, Table, TextSource, Zone, ZoneKind
from ocr_server.errors import OcrServerError

__all__ = [
    "INCOMPLETE", "LACKS_MEMORY", "Advice", "Alternative", "Cell", "Code", "CodeCheck", "CodeKind",
    "Direction", "Document", "EngineInfo", "Failure", "Field", "Line", "Page", "PageLanguage",
    "Quality", "StageOutcome", "StageRecord", "StoredPage", "StoredPages", "Symbol", "Table",
    "TextSource", "Word", "Zone", "ZoneKind", "are_handwritten", "confidence_of", "hull_of",
    "letters_in", "mean_confidence", "plain_scalar", "write_page",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One image of the upload, upright as a browser shows it.

    `number` counts from 1; `dpi` is the resolution that the file or the request gives; `language`
    is None unless the request has it found out; `codes` are looked for only if it asks.
    """

    number: int
    width_px: int
    height_px: int
    dpi: float | None
    zones: tuple[Zone, ...]
    stages: tuple[StageRecord, ...] = ()
    quality: Quality | None = None
    fields: tuple[Field, ...] = ()
    source: TextSource = TextSource.RECOGNISED
    language: PageLanguage | None = None
    codes: tuple[Code, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all zones."""
        return tuple(line for zone in self.zones for line in zone.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all zones."""
        return tuple(word for zone in self.zones for word in zone.words)

    @property
    def angle_deg(self) -> float:
        """How far its lines are turned clockwise: the median of their angles; 0 without lines."""
        angles = [line.quad.angle_deg for line in self.lines]
        return median(angles) if angles else 0.0

    @property
    def letter_count(self) -> int:
        """Number of letters and digits of the words."""
        return letters_in(self.words)

    @property
    def outline(self) -> Page:
        """This page, as `StoredPage` has it."""
        return self

    @property
    def missing_part(self) -> Advice | None:
        """The advice on a page of which a part could not be seen; None if it is complete."""
        problems = self.quality.problems if self.quality else ()
        missing = (problem for problem in problems if problem.code in {INCOMPLETE, LACKS_MEMORY})
        return next(missing, None)

    @property
    def text(self) -> str:
        """The text of all zones in reading order, with empty lines between them."""
        return "\n\n".join(zone.text for zone in self.zones if zone.lines)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return mean_confidence(self.words)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page of a large document, in a file: `outline` is the page without its zones.

    `confidence` and `letter_count` are those of the page.
    """

    path: Path
    outline: Page
    confidence: float
    letter_count: int

    def load(self) -> Page:
        """The page with its zones.

        Raises:
            OSError: the file is gone.
            ValueError: it is not the file of a page.
        """
        return decode_page(self.path.read_bytes())


def write_page(page: Page, path: Path) -> None:
    """Write a page to a new file, for `StoredPage.load`.

    Raises:
        OSError: there is no room.
    """
    path.write_bytes(encode_page(page))


def encode_page(page: Page) -> bytes:
    """A page as MessagePack; `decode_page` ignores members that it does not know."""
    return msgspec.msgpack.encode(page, enc_hook=plain_scalar)


def decode_page(content: bytes) -> Page:
    """The page of `encode_page`.

    Raises:
        ValueError: it is not a page.
    """
    return _page_decoder().decode(content)


def plain_scalar(value: object) -> object:
    """A scalar of NumPy as Python's, for msgspec.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, np.generic):
        plain: object = value.item()
        return plain
    raise TypeError(f"{type(value).__name__} cannot be written")


@cache
def _page_decoder() -> msgspec.msgpack.Decoder[Page]:
    return msgspec.msgpack.Decoder(Page)


class StoredPages(Sequence[Page]):
    """The pages of a large document, some in files; each access loads a page, and keeps none."""

    def __init__(self, kept: Sequence[Page | StoredPage]) -> None:
        self.kept = tuple(kept)

    def __len__(self) -> int:
        return len(self.kept)

    @overload
    def __getitem__(self, index: int) -> Page: ...

    @overload
    def __getitem__(self, index: slice) -> StoredPages: ...

    def __getitem__(self, index: int | slice) -> Page | StoredPages:
        if isinstance(index, slice):
            return StoredPages(self.kept[index])
        kept = self.kept[index]
        return kept.load() if isinstance(kept, StoredPage) else kept

    def __iter__(self) -> Iterator[Page]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """An engine: its name, version and installed languages.

    In a `Document`, `languages` are those that it was read in.
    """

    name: str
    version: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """The number of a page, from 1, that could not be read, or only in part, and the error."""

    page: int
    error: OcrServerError


@dataclass(frozen=True, slots=True)
class Document:
    """The pages in order, the engine that read them, and those that failed wholly or in part."""

    pages: Sequence[Page]
    engine: EngineInfo
    problems: tuple[Failure, ...] = field(default=())

    @property
    def kept(self) -> Sequence[Page | StoredPage]:
        """The pages, those that are stored without their zones."""
        return self.pages.kept if isinstance(self.pages, StoredPages) else self.pages

    @property
    def outlines(self) -> Sequence[Page]:
        """The pages, without zones where they are stored."""
        return tuple(kept.outline for kept in self.kept)

    @property
    def fields(self) -> tuple[tuple[int, Field], ...]:
        """Page number and field, for each name once.

        A field is taken from the first page where it is valid, else from the first that has it.
        """
        found: dict[str, tuple[int, Field]] = {}
        for page in self.outlines:
            for field_ in page.fields:
                _, known = found.get(field_.name, (0, None))
                if known is None or (field_.is_valid and not known.is_valid):
                    found[field_.name] = page.number, field_
        return tuple(found.values())

    @property
    def language(self) -> str | None:
        """The engine's name of the language of most lines, else of the first it was read in."""
        read = [line.language for page in self.pages for line in page.lines if line.language]
        return mode(read or self.engine.languages or (None,))

    @property
    def text(self) -> str:
        """The text of all pages, with form feeds between them."""
        return "\f".join(page.text for page in self.pages)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        weights = [(page.confidence, page.letter_count) for page in self.kept]
        total = sum(letters for _, letters in weights)
        return sum(share * letters for share, letters in weights) / total if total else 0.0
