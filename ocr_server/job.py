"""What was asked: a job, how to read its pages, and the limits that hold for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from ocr_server.deadline import Deadline
from ocr_server.geometry import Box
from ocr_server.settings import Settings

DEFAULTS = Settings()


class Layout(StrEnum):
    """How the text stands on the page, in the words of the API."""

    AUTO = "auto"
    COLUMN = "column"
    BLOCK = "block"
    LINE = "line"
    WORD = "word"
    SPARSE = "sparse"


class PageSegmentation(IntEnum):
    """Tesseract's page segmentation modes (its manual, option --psm).

    0 and 2 are left out: they find the orientation or the layout alone and read nothing. Where a
    name ends in OSD, Tesseract looks for the orientation, too.
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
    """How deep an answer goes."""

    PAGE = 0
    ZONE = 1
    LINE = 2
    WORD = 3
    SYMBOL = 4


class TextLayerUse(StrEnum):
    """What becomes of the text that a PDF has already: used where it is good, or one of both."""

    AUTO = "auto"
    IGNORE = "ignore"
    ONLY = "only"


class LineUse(StrEnum):
    """What becomes of the lines of a page: kept, joined to paragraphs, or kept where they stand."""

    KEEP = "keep"
    JOIN = "join"
    LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """A rectangle that the caller wants read, in page pixels or per cent of the page's sides."""

    box: Box
    name: str | None = None
    psm: int | None = None
    alphabet: str | None = None
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A value that the caller wants from the page, and the rules it has to keep.

    It is looked for in the zone of that name, else on the whole page; `after` are words it stands
    behind, one of them. `mask`, `character_map` and `check` are told in `fields`; `pattern` is a
    regular expression, of an operator's file only. `min_confidence` is 0 to 1.
    """

    name: str
    zone: str | None = None
    after: tuple[str, ...] = ()
    mask: str | None = None
    character_map: tuple[tuple[str, str], ...] = ()
    check: str | None = None
    pattern: str | None = None
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Framing:
    """What of a picture is looked at: it is turned clockwise first, then cut to `crop`."""

    rotation_deg: float = 0.0
    crop: Box | None = None
    crop_is_percent: bool = False


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a page.

    `operations`: `("auto",)`, empty for none, or names in order. `skip_stages`: those that the
    recipe, `auto`, leaves out. `dpi` overrides what the file says. `min_confidence` (0 to 1): words
    under it are left out. `alternatives`: doubtful words get some from dictionaries; `choices`: all
    words get the engine's own; `correct`: what is clear in a dictionary takes a word's place.
    `finder` is the name of who looks for the fields.
    """

    languages: tuple[str, ...] = DEFAULTS.languages
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
    finder: str = "text"  # one of `extraction.finders`
    framing: Framing = Framing()
    alternatives: bool = False
    choices: bool = False
    correct: bool = False

    @property
    def is_framed(self) -> bool:
        """Whether turning, cutting or zones in per cent need the picture, whatever text it has."""
        return self.framing != Framing() or any(zone.is_percent for zone in self.zones)

    @property
    def wants_fields(self) -> bool:
        """Whether values are to be looked for, or the page read as a finder has it."""
        return bool(self.fields) or self.finder != "text"


MAX_SIDE_PX = 32_000  # Tesseract counts with 16 bits, and a margin is added


@dataclass(frozen=True, slots=True)
class Limits:
    """What a page and a document may cost."""

    max_pixels: int = DEFAULTS.max_pixels
    max_pages: int = DEFAULTS.max_pages
    pdf_dpi: int = DEFAULTS.pdf_dpi


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a document is to leave; each format heeds what it can show.

    `limits` and `password` serve the formats that open the sources once more.
    """

    detail: Detail = Detail.WORD
    lines: LineUse = LineUse.KEEP
    limits: Limits = field(default_factory=Limits)
    password: str | None = field(default=None, repr=False)

    @property
    def join_lines(self) -> bool:
        """Whether the lines of a paragraph become one, hyphens at their ends resolved."""
        return self.lines is LineUse.JOIN


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Which pages are wanted: ranges of numbers from 1, both ends included; none means all."""

    ranges: tuple[tuple[int, int], ...] = ()

    def choose(self, count: int) -> Iterator[int]:
        """The wanted numbers in order, each once; those beyond `count` are left out."""
        if not self.ranges:
            yield from range(1, count + 1)
            return
        seen: set[int] = set()
        for first, last in self.ranges:
            for number in range(first, min(last, count) + 1):
                if number not in seen:
                    seen.add(number)
                    yield number

    def beyond(self, count: int) -> int | None:
        """The first number asked for that a document of `count` pages does not have."""
        return next((max(first, count + 1) for first, last in self.ranges if last > count), None)


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the upload."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One upload and how it is to be processed."""

    sources: tuple[Source, ...]
    options: ReadOptions
    limits: Limits
    deadline: Deadline
    pages: PageSelection = PageSelection()
    password: str | None = field(default=None, repr=False)
    is_watched: bool = False  # whether anybody looks how far its pages are
