"""A recognised document: Document → Page → Zone → Line → Word → Symbol.

Documents and pages are defined here, the levels within a page in `zones`; all are imported from
this module.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import mode
from typing import NamedTuple

from ocr_server.document.zones import (
    Alternative,
    Cell,
    Direction,
    Line,
    Symbol,
    Table,
    TextSource,
    Word,
    Zone,
    ZoneKind,
    hull_of,
    letters_in,
    mean_confidence,
)
from ocr_server.errors import OcrServerError
from ocr_server.geometry import Box

__all__ = [
    "Advice", "Alternative", "Cell", "Direction", "Document", "EngineInfo", "Failure", "Field",
    "Line", "Page", "PageLanguage", "Quality", "StageRecord", "Symbol", "Table", "TextSource",
    "Word", "Zone", "ZoneKind", "hull_of", "letters_in", "mean_confidence",
]  # fmt: skip


INCOMPLETE = "incomplete"  # `Advice.code` of a page of which the file has only a part


class StageOutcome(StrEnum):
    """How a stage of the recipe ended."""

    DONE = "done"
    NOT_NEEDED = "not-needed"
    SKIPPED = "skipped"  # left out, as the request asked
    OUT_OF_TIME = "out-of-time"


class StageRecord(NamedTuple):
    """One stage of reading a page: what it found and did, its time in milliseconds, its outcome.

    `found` and `did` are phrases for people; `did` is empty if nothing was done. Programs decide
    by `outcome`.
    """

    name: str
    found: str
    did: str
    ms: float
    outcome: StageOutcome

    @classmethod
    def since(cls, started_s: float, name: str, found: str, did: str) -> StageRecord:
        """The record of a stage that ends now and began at `started_s` of `time.perf_counter()`."""
        outcome = StageOutcome.DONE if did else StageOutcome.NOT_NEEDED
        return cls(name, found, did, (time.perf_counter() - started_s) * 1000, outcome)


@dataclass(frozen=True, slots=True)
class Advice:
    """One fault of a picture, and what a person can do about it; `code` never changes."""

    code: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class PageLanguage:
    """The languages that were found on a page, by the engine's names; that of most text first.

    `confidence` is that of the first, from 0 to 1. `reason` is a sentence on why they are not sure,
    and None if they are; then the page was read in the languages that were tried first.
    """

    codes: tuple[str, ...]
    confidence: float
    reason: str | None = None

    @property
    def is_sure(self) -> bool:
        """Whether there was no reason for doubt."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a page can be read: expected F1 of its words, from 0 to 1; faults of the picture."""

    score: float
    problems: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A requested value: `raw` is the text as read, `value` its normalised form, if known.

    `reason` says which rule the value breaks; None if it is valid. `confidence` is from 0 to 1, and
    `box` in page pixels.
    """

    name: str
    value: str | None
    raw: str
    confidence: float
    reason: str | None = None
    box: Box | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the value keeps all rules."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Page:
    """One image of the upload, upright as a browser shows it.

    `number` counts from 1; `dpi` is the resolution that the file or the request gives; `language`
    is None unless the request has it found out.
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

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all zones."""
        return tuple(line for zone in self.zones for line in zone.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all zones."""
        return tuple(word for zone in self.zones for word in zone.words)

    @property
    def missing_part(self) -> Advice | None:
        """The advice on a page of which the file has only a part; None if it is complete."""
        problems = self.quality.problems if self.quality else ()
        return next((problem for problem in problems if problem.code == INCOMPLETE), None)

    @property
    def text(self) -> str:
        """The text of all zones in reading order, with empty lines between them."""
        return "\n\n".join(zone.text for zone in self.zones if zone.lines)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return mean_confidence(self.words)


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

    pages: tuple[Page, ...]
    engine: EngineInfo
    problems: tuple[Failure, ...] = field(default=())

    @property
    def fields(self) -> tuple[tuple[int, Field], ...]:
        """Page number and field, for each name once.

        A field is taken from the first page where it is valid, else from the first that has it.
        """
        found: dict[str, tuple[int, Field]] = {}
        for page in self.pages:
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
        return mean_confidence(tuple(word for page in self.pages for word in page.words))
