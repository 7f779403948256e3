"""What a recognised document is: Document → Page → Zone → Line → Word → Symbol.

Pages and documents are here, what stands on a page is in `zones`; both are imported from here.
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
    "Line", "Page", "Quality", "StageRecord", "Symbol", "Table", "TextSource", "Word", "Zone",
    "ZoneKind", "hull_of", "letters_in", "mean_confidence",
]  # fmt: skip


INCOMPLETE = "incomplete"  # the code of what is wrong with a picture of which only a part is left


class StageOutcome(StrEnum):
    """How a stage of the recipe ended."""

    DONE = "done"
    NOT_NEEDED = "not-needed"
    SKIPPED = "skipped"  # the request left it out
    OUT_OF_TIME = "out-of-time"


class StageRecord(NamedTuple):
    """One stage of a page: what it found and did, in words, how long it took, how it ended.

    `did` is empty where nothing was done. Programs decide by `outcome`, never by the words.
    """

    name: str
    found: str
    did: str
    ms: float
    outcome: StageOutcome

    @classmethod
    def since(cls, started_s: float, name: str, found: str, did: str) -> StageRecord:
        """A stage that began at `time.perf_counter()` = `started_s` and has just ended."""
        outcome = StageOutcome.DONE if did else StageOutcome.NOT_NEEDED
        return cls(name, found, did, (time.perf_counter() - started_s) * 1000, outcome)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is wrong with a picture, and what a person can do about it."""

    code: str
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the page can be read: a score from 0 to 1, and what is wrong with the picture."""

    score: float
    problems: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A value that was asked for: `raw` is what was read, `value` what it means, if anything.

    What breaks a rule is not valid, and `reason` says why. `confidence` is 0 to 1.
    """

    name: str
    value: str | None
    raw: str
    confidence: float
    reason: str | None = None
    box: Box | None = None

    @property
    def is_valid(self) -> bool:
        """Whether it keeps all the rules."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Page:
    """One image of the upload, upright as a browser shows it; number counts from 1."""

    number: int
    width_px: int
    height_px: int
    dpi: float | None
    zones: tuple[Zone, ...]
    stages: tuple[StageRecord, ...] = ()
    quality: Quality | None = None
    fields: tuple[Field, ...] = ()
    source: TextSource = TextSource.RECOGNISED

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
        """What of the page was no longer in the file, if only a part of it was."""
        problems = self.quality.problems if self.quality else ()
        return next((problem for problem in problems if problem.code == INCOMPLETE), None)

    @property
    def text(self) -> str:
        """The text of all zones in reading order, an empty line between them."""
        return "\n\n".join(zone.text for zone in self.zones if zone.lines)

    @property
    def confidence(self) -> float:
        """The mean over the words, weighted by their letters and digits."""
        return mean_confidence(self.words)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine; of a document `languages` are those it was read in, else the installed ones."""

    name: str
    version: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A page that could not be read, or only in part, and why; number counts from 1."""

    page: int
    error: OcrServerError


@dataclass(frozen=True, slots=True)
class Document:
    """Pages in order, those that failed or of which only a part was left, and who read them."""

    pages: tuple[Page, ...]
    engine: EngineInfo
    problems: tuple[Failure, ...] = field(default=())

    @property
    def fields(self) -> tuple[tuple[int, Field], ...]:
        """Each field once, as it is on the first page where it is valid, else on the first.

        Before it stands the number of that page.
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
        """The language of most lines, as the engine names it; else the first it was read in."""
        read = [line.language for page in self.pages for line in page.lines if line.language]
        return mode(read or self.engine.languages or (None,))

    @property
    def text(self) -> str:
        """The text of all pages, a form feed between them."""
        return "\f".join(page.text for page in self.pages)

    @property
    def confidence(self) -> float:
        """The mean over the words, weighted by their letters and digits."""
        return mean_confidence(tuple(word for page in self.pages for word in page.words))
