"""What a recognised document is: Document → Page → Zone → Line → Word → Symbol.

Frozen, with tuples inside. Each level has a quad, a confidence from 0 to 1, and a text made by
joining its children; `mapped` gives the same tree in another frame. There is no level for
paragraphs: each line says which paragraph of its zone it belongs to.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from statistics import mode
from typing import NamedTuple

from ocr_server.errors import OcrServerError
from ocr_server.geometry import Box, Point, PointMap, Quad, Transform, hull


class ZoneKind(StrEnum):
    """What stands in a zone."""

    TEXT = "text"
    PICTURE = "picture"
    RULE = "rule"
    TABLE = "table"


class Direction(StrEnum):
    """The way a line is read."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"
    TOP_TO_BOTTOM = "ttb"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One character as it was seen."""

    text: str
    quad: Quad
    confidence: float

    def mapped(self, transform: PointMap) -> Symbol:
        """The same symbol in another frame."""
        return Symbol(self.text, self.quad.mapped(transform), self.confidence)

    def __reduce__(self) -> tuple[type[Symbol], tuple[object, ...]]:
        """How it travels between processes: quicker than field by field."""
        return Symbol, (self.text, self.quad, self.confidence)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of a word, and who says so (`engine`, `dictionary`)."""

    text: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word; `corrected_from` holds what the engine read before somebody corrected it."""

    text: str
    quad: Quad
    confidence: float
    symbols: tuple[Symbol, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    corrected_from: str | None = None
    checked: bool = False

    @property
    def box(self) -> Box:
        """The upright hull."""
        return self.quad.box

    def mapped(self, transform: PointMap) -> Word:
        """The same word in another frame."""
        return Word(
            self.text,
            self.quad.mapped(transform),
            self.confidence,
            tuple([symbol.mapped(transform) for symbol in self.symbols]),
            self.alternatives,
            self.corrected_from,
            self.checked,
        )

    def __reduce__(self) -> tuple[type[Word], tuple[object, ...]]:
        """How it travels between processes: quicker than field by field."""
        return Word, (
            self.text, self.quad, self.confidence, self.symbols, self.alternatives,
            self.corrected_from, self.checked,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words; `baseline` is a polyline from its start to its end."""

    words: tuple[Word, ...]
    quad: Quad
    baseline: tuple[Point, ...]
    x_height_px: float
    paragraph: int = 0
    language: str | None = None
    direction: Direction = Direction.LEFT_TO_RIGHT

    @property
    def box(self) -> Box:
        """The upright hull."""
        return self.quad.box

    @property
    def text(self) -> str:
        """The words, joined by blanks, except in scripts that have none."""
        text = ""
        for word in self.words:
            text += f" {word.text}" if has_blank(text, word.text) else word.text
        return text

    @property
    def confidence(self) -> float:
        """The mean over the words, weighted by their letters and digits."""
        return mean_confidence(self.words)

    @staticmethod
    def joined(lines: Sequence[Line]) -> Line:
        """Lines that stand side by side, at least one, as a single one like the first of them.

        It slants as the longest of them does.
        """
        first = lines[0]
        if len(lines) == 1:
            return first
        slant = Transform.rotation(max(lines, key=lambda line: line.box.width).quad.angle_deg)
        corners = (point for line in lines for point in line.quad)
        return replace(
            first,
            words=tuple(word for line in lines for word in line.words),
            quad=hull(slant.inverse().apply_all(corners)).quad().mapped(slant),
            baseline=tuple(point for line in lines for point in line.baseline),
        )

    def mapped(self, transform: PointMap) -> Line:
        """The same line in another frame."""
        quad = self.quad.mapped(transform)
        return replace(
            self,
            words=tuple(word.mapped(transform) for word in self.words),
            quad=quad,
            baseline=tuple(transform.apply_all(self.baseline)),
            x_height_px=self.x_height_px * _growth(self.quad, quad),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; row and column count from 0."""

    row: int
    column: int
    quad: Quad
    text: str

    def mapped(self, transform: PointMap) -> Cell:
        """The same cell in another frame."""
        return replace(self, quad=self.quad.mapped(transform))


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and columns of a table zone, and its cells in reading order."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]

    def mapped(self, transform: PointMap) -> Table:
        """The same table in another frame."""
        return replace(self, cells=tuple(cell.mapped(transform) for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Zone:
    """A piece of the page of one kind; only text and tables have lines.

    `engine` is who read it, where the document's engine is more than one.
    """

    kind: ZoneKind
    quad: Quad
    lines: tuple[Line, ...] = ()
    table: Table | None = None
    name: str | None = None
    engine: str | None = None

    @property
    def box(self) -> Box:
        """The upright hull."""
        return self.quad.box

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all lines."""
        return tuple(word for line in self.lines for word in line.words)

    def paragraphs(self) -> tuple[tuple[Line, ...], ...]:
        """The lines, grouped by paragraph."""
        return tuple(tuple(group) for _, group in groupby(self.lines, lambda line: line.paragraph))

    @property
    def text(self) -> str:
        """Lines on lines of their own, an empty line between paragraphs."""
        return "\n\n".join("\n".join(line.text for line in lines) for lines in self.paragraphs())

    @property
    def confidence(self) -> float:
        """The mean over the words, weighted by their letters and digits."""
        return mean_confidence(self.words)

    def mapped(self, transform: PointMap) -> Zone:
        """The same zone in another frame."""
        return replace(
            self,
            quad=self.quad.mapped(transform),
            lines=tuple(line.mapped(transform) for line in self.lines),
            table=self.table.mapped(transform) if self.table else None,
        )


class StageOutcome(StrEnum):
    """How a stage of the recipe ended."""

    DONE = "done"
    NOT_NEEDED = "not-needed"
    SKIPPED = "skipped"  # the request left it out
    OUT_OF_TIME = "out-of-time"


class TextSource(StrEnum):
    """Where the text of a page came from."""

    RECOGNISED = "recognised"
    TEXT_LAYER = "text-layer"
    BOTH = "both"


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
    """A page that could not be read, and why; number counts from 1."""

    page: int
    error: OcrServerError


@dataclass(frozen=True, slots=True)
class Document:
    """Pages in order, the pages that failed, and who read them."""

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


def mean_confidence(words: tuple[Word, ...]) -> float:
    """The mean confidence, each word weighted by its letters and digits; 0 without any."""
    weights = [sum(map(str.isalnum, word.text)) for word in words]
    total = sum(weights)
    if not total:
        return 0.0
    return sum(word.confidence * n for word, n in zip(words, weights, strict=True)) / total


def has_blank(before: str, after: str) -> bool:
    """Whether a blank stands between two texts of a line: not in scripts written without.

    CJK symbols, kana and ideographs stand in U+2E80–U+9FFF and U+F900–U+FAFF (but Hangul, which
    has blanks, does not), further ideographs from U+20000, and full-width forms in U+FF00–U+FFEF.
    """
    if not (before and after):
        return False
    return min(before[-1], after[0]) < "\u2e80" or not all(
        "\u2e80" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
        or "\U00020000" <= character <= "\U0003ffff"
        for character in (before[-1], after[0])
    )


def _growth(before: Quad, after: Quad) -> float:
    """How much longer the left side has become."""

    def left_side(quad: Quad) -> float:
        dx, dy = quad.bottom_left.x - quad.top_left.x, quad.bottom_left.y - quad.top_left.y
        return float((dx * dx + dy * dy) ** 0.5)

    return left_side(after) / left_side(before) if left_side(before) else 1.0
