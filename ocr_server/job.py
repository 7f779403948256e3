"""What a request asks for: `Job`, its files, options for reading, page selection and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

from ocr_server.cgroup import MOST_WORKER_BYTES
from ocr_server.deadline import Deadline
from ocr_server.geometry import Box, Quad
from ocr_server.settings import Settings

DEFAULTS = Settings()


class Layout(StrEnum):
    """Arrangement of the text on the page; the values of the option `layout`."""

    AUTO = "auto"
    COLUMN = "column"
    BLOCK = "block"
    LINE = "line"
    WORD = "word"
    SPARSE = "sparse"


class PageSegmentation(IntEnum):
    """Tesseract's page segmentation modes (its manual, option --psm).

    0 and 2 are left out: they only detect orientation or layout and read nothing. In modes whose
    name ends in OSD, Tesseract detects the orientation, too.
    """

    AUTO_OSD = 1
    AUTO = 3
    SINGLE_COLUMN = 4
    SINGLE_BLOCK_VERTICAL = 5
    SINGLE_BLOCK = 6
    SINGLE_LINE = 7
    SINGLE_WORD = 8
    CIRCLE_WORD = 9
    SINGLE_CHARACTER = 10
    SPARSE_TEXT = 11
    SPARSE_TEXT_OSD = 12
    RAW_LINE = 13


PSM_OF_LAYOUT = {
    Layout.AUTO: PageSegmentation.AUTO,
    Layout.COLUMN: PageSegmentation.SINGLE_COLUMN,
    Layout.BLOCK: PageSegmentation.SINGLE_BLOCK,
    Layout.LINE: PageSegmentation.SINGLE_LINE,
    Layout.WORD: PageSegmentation.SINGLE_WORD,
    Layout.SPARSE: PageSegmentation.SPARSE_TEXT,
}


class Detail(IntEnum):
    """The innermost level that an answer contains."""

    PAGE = 0
    ZONE = 1
    LINE = 2
    WORD = 3
    SYMBOL = 4


class TextLayerUse(StrEnum):
    """How the text layer of a PDF is used."""

    AUTO = "auto"  # used if it is good, else the page is recognised
    IGNORE = "ignore"  # the page is always recognised
    ONLY = "only"  # the page is never recognised


class LineNumberUse(StrEnum):
    """What becomes of the numbers of lines, as court papers and source code have them."""

    KEEP = "keep"
    DROP = "drop"


class HandwritingUse(StrEnum):
    """Whether the networks for handwriting are asked."""

    AUTO = "auto"  # of pages that the network for print doubts
    NEVER = "never"
    LIVE = "live"  # the tiny one alone reads every line; of frames, and no value of the option
    LINE = "line"  # the canvas is one handwritten line; of forms, and no value of the option


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """A rectangle to read, in page pixels or, if `is_percent`, in per cent of the page's sides.

    `psm` and `alphabet` override those of the options within it.
    """

    box: Box
    name: str | None = None
    psm: int | None = None
    alphabet: str | None = None
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A value to find on the page, and the rules that make it valid.

    It is looked for in the requested zone of the name `zone`, else on the whole page; with `after`,
    only behind one of these keywords. `mask`, `character_map`, `one_of`, `check` and `pattern` are
    rules of `extraction.validation`; `pattern` is a regular expression, which only profiles of the
    operator may have. `min_confidence` is 0 to 1.
    """

    name: str
    zone: str | None = None
    after: tuple[str, ...] = ()
    mask: str | None = None
    character_map: tuple[tuple[str, str], ...] = ()
    one_of: tuple[str, ...] = ()
    check: str | None = None
    pattern: str | None = None
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Framing:
    """Rotation and crop of a picture before it is read: rotated clockwise, then cut to `crop`.

    `crop` is in pixels of the rotated picture or, if `crop_is_percent`, in per cent of its sides.
    `corners`, in pixels of the page, are in the place of both: what lies between them is read.
    """

    rotation_deg: float = 0.0
    crop: Box | None = None
    crop_is_percent: bool = False
    corners: Quad | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a page.

    `languages`: those it is read in; with `auto_language`, those it is read in first, until its own
    is found among the `installed` ones.
    `operations`: `("auto",)` for the recipe, else names of operations in order, or none.
    `skip_stages`: stages of the recipe to leave out.
    `dpi`: resolution that overrides the file's.
    `min_confidence`: words below it, from 0 to 1, are left out.
    `line_numbers`: whether numbers of lines are kept.
    `alternatives`: doubtful words get alternatives from dictionaries.
    `engine_alternatives`: words get alternatives from the engine.
    `correct`: doubtful words are replaced if the dictionaries leave no doubt.
    `codes`: whether bar codes and matrix codes are looked for.
    `handwriting`: which network for handwriting is asked.
    `handwriting_model`: the file of the operator's own network for handwriting, if there is one.
    `words`: names and part numbers that doubtful words may be, one a line.
    `finder`: a key of `extraction.finders.FINDERS`, which finds the fields.
    """

    languages: tuple[str, ...] = DEFAULTS.languages
    auto_language: bool = False
    installed: tuple[str, ...] = ()
    psm: int = PageSegmentation.AUTO
    operations: tuple[str, ...] = ("auto",)
    skip_stages: tuple[str, ...] = ()
    symbols: bool = False
    dpi: float | None = None
    min_confidence: float = 0.0
    zones: tuple[ZoneSpec, ...] = ()
    alphabet: str | None = None
    engine: str = DEFAULTS.engine
    text_layer: TextLayerUse = TextLayerUse.AUTO
    fields: tuple[FieldSpec, ...] = ()
    finder: str = "text"
    framing: Framing = Framing()
    line_numbers: LineNumberUse = LineNumberUse.KEEP
    alternatives: bool = False
    engine_alternatives: bool = False
    correct: bool = False
    codes: bool = False
    handwriting: HandwritingUse = HandwritingUse.AUTO
    handwriting_model: str = ""
    words: str = ""

    @property
    def is_framed(self) -> bool:
        """Whether the picture is needed for rotation, a crop, corners or zones in per cent."""
        return self.framing != Framing() or any(zone.is_percent for zone in self.zones)

    @property
    def wants_fields(self) -> bool:
        """Whether fields are requested, or a finder that reads the page in its own way."""
        return bool(self.fields) or self.finder != "text"


MAX_SIDE_PX = 32_000  # Tesseract has 16-bit coordinates; this leaves room for a margin


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper limits of a page, a document and its answer; resolution for drawing PDF pages.

    `max_pixels` and `max_words` are of a page.
    `memory_bytes`: what a worker process may use, from which it is told what it can decode.
    """

    max_pixels: int = DEFAULTS.max_pixels
    max_pages: int = DEFAULTS.max_pages
    max_words: int = DEFAULTS.max_words
    max_answer_bytes: int = DEFAULTS.max_answer_bytes
    pdf_dpi: int = DEFAULTS.pdf_dpi
    memory_bytes: int = MOST_WORKER_BYTES


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Requested pages: ranges of numbers from 1, both ends included; no ranges means all pages.

    Negative numbers count from the end: -1 is the last page.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    def choose(self, count: int) -> Iterator[int]:
        """The selected numbers in the order of the ranges, each once, up to `count`."""
        if not self.ranges:
            yield from range(1, count + 1)
            return
        seen: set[int] = set()
        for first, last in self._from_begin(count):
            for number in range(first, min(last, count) + 1):
                if number not in seen:
                    seen.add(number)
                    yield number

    def beyond(self, count: int) -> int | None:
        """The first selected number that no page has; None if there is none."""
        for first, last in self._from_begin(count):
            if not 1 <= first <= count:
                return first
            if last > count:
                return count + 1
        return None

    def _from_begin(self, count: int) -> Iterator[tuple[int, int]]:
        for first, last in self.ranges:
            yield (
                first if first > 0 else count + 1 + first,
                last if last > 0 else count + 1 + last,
            )


@dataclass(frozen=True, slots=True)
class Source:
    """One uploaded file, in the private folder of its request."""

    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """One request: files, which pages to read, how, within which limits and until when.

    `reports_progress`: whether progress within a page is recorded (`page.progress`).
    `draws_pages`: whether a picture of each page is drawn before it is read.
    """

    sources: tuple[Source, ...]
    options: ReadOptions
    limits: Limits
    deadline: Deadline
    pages: PageSelection = PageSelection()
    password: str | None = field(default=None, repr=False)
    reports_progress: bool = False
    draws_pages: bool = False
