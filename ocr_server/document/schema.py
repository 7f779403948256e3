"""Types of the document in JSON, for answers, for input and for the description of the API.

Coordinates are page pixels, rounded to a hundredth; confidences are from 0 to 1. The texts and
confidences of pages, zones and lines follow from the words: answers have them for convenience, and
they are ignored in input. Members without content are missing in answers; in input, null counts as
missing.

`json_writer.py` writes these types and `json_reader.py` reads them; the description of the API and
the types of the pages' scripts are generated from them.
"""

from __future__ import annotations

from typing import Annotated, NotRequired, TypeAlias

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from ocr_server.document.checks import (
    Answered,
    AnsweredOrNull,
    Checked,
    Derived,
    Omittable,
    Unread,
    box_faults,
    cell_faults,
    field_faults,
    page_faults,
    with_cells,
    with_lines,
    with_place,
    with_words,
    with_zones,
)
from ocr_server.document.model import (
    CodeCheck,
    CodeKind,
    Direction,
    StageOutcome,
    TextSource,
    ZoneKind,
)
from ocr_server.document.roles import Role

# Strict: a number as text is a fault. The docstring below a member describes it in the API.
strict = with_config(ConfigDict(strict=True, extra="forbid", use_attribute_docstrings=True))
_MOST_POINTS = 10_000  # of a baseline, which usually has ten
_MOST_NAMES = 1_000  # of languages

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
Number: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
Coordinate: TypeAlias = Annotated[float, Field(ge=-1e9, le=1e9)]
BoxJson: TypeAlias = Annotated[
    list[Coordinate],
    Field(min_length=4, max_length=4, description="left, top, right, bottom in pixels of the page"),
]
PointJson: TypeAlias = Annotated[
    list[Coordinate], Field(min_length=2, max_length=2, description="x, y in pixels of the page")
]
QuadJson: TypeAlias = Annotated[
    list[PointJson],
    Field(
        min_length=4,
        max_length=4,
        description="four points, clockwise from the text’s own top left",
    ),
]


@strict
class SymbolJson(TypedDict):
    """A recognised character."""

    text: str
    confidence: Share
    box: Answered[BoxJson]
    quad: Answered[QuadJson]


@strict
class AlternativeJson(TypedDict):
    """Another reading of a word."""

    text: str
    confidence: Share
    source: str
    """where it comes from: `engine` or `dictionary`"""


@strict
class WordJson(TypedDict):
    """A word."""

    text: str
    confidence: Share
    box: Answered[BoxJson]
    quad: Answered[QuadJson]
    alternatives: NotRequired[Omittable[list[Annotated[AlternativeJson, Checked()]]]]
    """what the word may be instead; for each source, the likeliest first"""
    corrected_from: NotRequired[Omittable[str]]
    """what was read before it was corrected"""
    checked: NotRequired[Omittable[bool]]
    """whether a person has confirmed it"""
    symbols: NotRequired[Omittable[list[Annotated[SymbolJson, Checked(with_place, box_faults)]]]]
    """with detail=symbol"""


@strict
class LineJson(TypedDict):
    """A line of words."""

    text: Derived[str]
    confidence: Derived[Share]
    box: Answered[BoxJson]
    quad: Answered[QuadJson]
    baseline: Answered[Annotated[list[PointJson], Field(min_length=2, max_length=_MOST_POINTS)]]
    """the baseline of its letters: a polyline from the start of the line to its end"""
    x_height_px: Answered[Annotated[float, Field(ge=0, le=1e9)]]
    """the height of letters such as x"""
    paragraph: Answered[Count]
    """the number of its paragraph within the zone, from 0"""
    direction: Answered[Annotated[Direction, Field(strict=False)]]
    """in which it is read: from left to right, from right to left, from top to bottom"""
    language: NotRequired[Omittable[str]]
    """the engine's name of its language, if the engine tells it"""
    handwritten: NotRequired[Omittable[bool]]
    """true if it was read as handwriting"""
    hyphenated: NotRequired[Unread[bool]]
    """true if its last word goes on in the next line, and the hyphen is no part of the word"""
    words: NotRequired[list[Annotated[WordJson, Checked(with_place, box_faults)]]]
    """in reading order; with detail=word and deeper"""


@strict
class CellJson(TypedDict):
    """A cell of a table."""

    row: Count
    """from 0"""
    column: Count
    """from 0"""
    row_span: NotRequired[Omittable[Number]]
    """how many rows it stands in, if more than one"""
    column_span: NotRequired[Omittable[Number]]
    """how many columns it stands in, if more than one"""
    text: str
    confidence: NotRequired[Unread[Share]]
    """that of its words, if it has any"""
    box: Answered[BoxJson]
    quad: Answered[QuadJson]


@strict
class TableJson(TypedDict):
    """The grid of a table zone."""

    rows: Number
    columns: Number
    header_rows: NotRequired[Omittable[Number]]
    """how many rows at the top are its head, where that is sure"""
    continues: NotRequired[Omittable[bool]]
    """whether it goes on the last table of the page before"""
    cells: list[Annotated[CellJson, Checked(with_place, box_faults)]]
    """in reading order"""


@strict
class ParagraphJson(TypedDict):
    """A paragraph of a zone, or an item of a list."""

    role: Annotated[Role, Field(strict=False)]
    """what it is to the document; heads, feet and numbers of pages are told where all are sent"""
    text: str
    """its lines joined, and the words that are parted at their ends whole"""
    confidence: Share
    line_count: Number
    """how many lines of the zone it has, after those of the paragraphs before"""
    box: BoxJson


@strict
class ZoneJson(TypedDict):
    """A part of the page of one kind."""

    kind: Answered[Annotated[ZoneKind, Field(strict=False)]]
    box: Answered[BoxJson]
    quad: Answered[QuadJson]
    name: NotRequired[Omittable[str]]
    """the name that the request gave it"""
    engine: NotRequired[Omittable[str]]
    """the engine that read it, with engine=best"""
    source: NotRequired[Omittable[Annotated[TextSource, Field(strict=False)]]]
    """where its text came from, if the page has text of both sources"""
    handwritten: NotRequired[Unread[bool]]
    """true if most of its letters were read as handwriting"""
    text: NotRequired[Unread[str]]
    """of text and tables"""
    confidence: NotRequired[Unread[Share]]
    """of text and tables"""
    paragraphs: NotRequired[Unread[list[ParagraphJson]]]
    """of text, in reading order"""
    table: NotRequired[Omittable[Annotated[TableJson, Checked(with_cells, cell_faults)]]]
    lines: NotRequired[list[Annotated[LineJson, Checked(with_words, box_faults)]]]
    """in reading order; with detail=line and deeper"""


@strict
class FieldJson(TypedDict):
    """A requested value, and whether it keeps its rules."""

    value: Annotated[
        AnsweredOrNull[str], Field(description="its normalised form; null if that is not known")
    ]
    raw: Annotated[str, Field(description="the text as it was read")]
    confidence: Share
    valid: bool
    box: Annotated[AnsweredOrNull[BoxJson], Field(description="where it was read")]
    reason: NotRequired[Omittable[Annotated[str, Field(description="why it is not valid")]]]


@strict
class CodeJson(TypedDict):
    """A bar code or matrix code."""

    kind: Annotated[CodeKind, Field(strict=False)]
    value: str
    check: NotRequired[Unread[CodeCheck]]
    """what says that it was read right; Code 39 has nothing that does"""
    box: Answered[BoxJson]
    quad: Answered[QuadJson]


@strict
class DocumentFieldJson(FieldJson):
    """A field of the whole document."""

    page: Number
    """the number of the page that it is on"""


@strict
class StageJson(TypedDict):
    """A stage of the recipe, or an operation, on a page."""

    name: str
    found: str
    """what was found, for people"""
    did: str
    """what was done about it, for people; empty if nothing had to be done"""
    ms: Annotated[float, Field(ge=0, le=1e9)]
    """how long it took, in milliseconds"""
    outcome: Answered[Annotated[StageOutcome, Field(strict=False)]]
    """how it ended: done, not needed, left out as the request asked, or out of time"""


@strict
class AdviceJson(TypedDict):
    """One fault of a picture."""

    code: str
    message: str
    advice: str
    """what a person can do about it"""


@strict
class QualityJson(TypedDict):
    """How well the page can be read."""

    score: Share
    problems: list[Annotated[AdviceJson, Checked()]]
    """what is wrong with the picture"""


@strict
class PageLanguageJson(TypedDict):
    """The languages that were found on a page, with languages=auto."""

    codes: Annotated[list[str], Field(min_length=1, max_length=_MOST_NAMES)]
    """the engine's names; that of most of the text first"""
    name: Derived[str]
    """their English names"""
    confidence: Share
    """of the first"""
    sure: bool
    """whether there is no doubt; else the page was read in the languages that were tried first"""
    reason: NotRequired[Omittable[str]]
    """why it is not sure"""


@strict
class PageJson(TypedDict):
    """One image of the upload, upright."""

    number: Number
    """its number, counted through all files, from 1"""
    width_px: Number
    height_px: Number
    dpi: AnsweredOrNull[Annotated[float, Field(ge=1, le=100_000)]]
    """the resolution that the request or the file gives"""
    source: Answered[Annotated[TextSource, Field(strict=False)]]
    """where its text came from: recognised, the text layer of a PDF, or both"""
    confidence: Derived[Share]
    angle_deg: Derived[Annotated[float, Field(ge=-180, le=180)]]
    """how far its lines are turned clockwise, in degrees: the median of their angles"""
    language: NotRequired[Omittable[Annotated[PageLanguageJson, Checked()]]]
    """what languages=auto found"""
    stages: Answered[list[Annotated[StageJson, Checked()]]]
    """what was done to the picture"""
    quality: AnsweredOrNull[Annotated[QualityJson, Checked()]]
    text: Derived[str]
    fields: NotRequired[Omittable[dict[str, Annotated[FieldJson, Checked(None, field_faults)]]]]
    """the requested fields, by name"""
    codes: NotRequired[Omittable[list[Annotated[CodeJson, Checked(with_place, box_faults)]]]]
    """with codes=true, from top to bottom"""
    zones: NotRequired[list[Annotated[ZoneJson, Checked(with_lines, box_faults)]]]
    """in reading order; with detail=zone and deeper"""


@strict
class EngineJson(TypedDict):
    """The engine that read the document."""

    name: str
    version: str
    languages: Annotated[list[str], Field(max_length=_MOST_NAMES)]
    """those it was read in"""


# Inherited members are described by Field, as pydantic does not inherit attribute docstrings.
@strict
class ErrorNumbersJson(TypedDict, total=False):
    """Further members of an error: the numbers of its message, by name."""

    allowed_s: Annotated[float, Field(description="the time that was allowed")]
    engine: Annotated[str, Field(description="the engine that is not installed")]
    failed_pages: Annotated[list[int], Field(description="the pages that could not be read")]
    height_px: int
    installed: Annotated[list[str], Field(description="the languages that are installed")]
    kinds: Annotated[str, Field(description="the kinds of files that can be read")]
    limit: Annotated[int, Field(description="the limit that was passed")]
    missing: Annotated[list[str], Field(description="the languages that are not installed")]
    offset: Annotated[int, Field(description="how much of the file is there, in bytes")]
    pages: Annotated[int, Field(description="how many pages there are")]
    retry_after_s: Annotated[int, Field(description="when to come back")]
    setting: Annotated[str, Field(description="the setting that would change the limit")]
    width_px: int


@strict
class PageProblemJson(ErrorNumbersJson):
    """A page that could not be read."""

    page: int
    """its number, from 1"""
    code: str
    """identifies the error; it never changes"""
    title: str
    detail: str
    """what was wrong, what was expected and what to do"""


@strict
class DocumentJson(TypedDict):
    """A recognised document."""

    engine: Answered[Annotated[EngineJson, Checked()]]
    pages: Annotated[list[Annotated[PageJson, Checked(with_zones)]], Field(min_length=1)]
    """in order"""
    fields: NotRequired[Unread[dict[str, DocumentFieldJson]]]
    """the requested fields, each from the first page where it is valid"""
    text: Derived[str]
    """the text of all pages, with form feeds between them"""
    problems: Derived[list[PageProblemJson]]
    """pages that could not be read, or not whole"""


AnyDocument: TypeAlias = Annotated[DocumentJson, Checked(None, page_faults)]
