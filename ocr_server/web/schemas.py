"""The types of our JSON answers but for the document, which `document/schema.py` declares."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from ocr_server.document.schema import (
    Count,
    ErrorNumbersJson,
    PageJson,
    QuadJson,
    Share,
    ZoneJson,
    strict,
)


@strict
class FaultJson(TypedDict):
    """One thing that is wrong with a request."""

    field: str
    """the option, or the path into the JSON"""
    message: str


@strict
class ProblemJson(ErrorNumbersJson):
    """RFC 9457; the numbers of the error stand beside its own members."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Field(description="what was wrong, what was expected and what to do")]
    code: Annotated[str, Field(description="which error it is; it never changes")]
    page: NotRequired[Annotated[int, Field(description="the page that it is about, from 1")]]
    faults: NotRequired[Annotated[list[FaultJson], Field(description="all faults of a request")]]


@strict
class EngineNameJson(TypedDict):
    """An engine."""

    name: str
    version: str


@strict
class AcceptedEventJson(TypedDict):
    """The first event: how many pages are going to be read."""

    event: Literal["accepted"]
    pages: Count


@strict
class ProgressEventJson(TypedDict):
    """How far a page is."""

    event: Literal["progress"]
    page: Count
    stage: str
    """the stage that is going on"""
    parts_done: Count
    """how many of the parts in which the page is read are done"""
    parts: Count
    """1 until the page is known to be cut into more"""


@strict
class PageEventJson(TypedDict):
    """A page is ready."""

    event: Literal["page"]
    page: PageJson


@strict
class ProblemEventJson(ProblemJson):
    """A page that failed (`page`), or the whole document."""

    event: Literal["problem"]


@strict
class HeartbeatEventJson(TypedDict):
    """Nothing has happened for half a second."""

    event: Literal["heartbeat"]
    elapsed_ms: Annotated[int, Field(ge=0)]


@strict
class EndEventJson(TypedDict):
    """The last event: what became of all pages."""

    event: Literal["end"]
    engine: EngineNameJson
    pages: Count
    failed_pages: list[int]
    """their numbers"""
    confidence: Share
    elapsed_ms: Annotated[int, Field(ge=0)]


EventJson: TypeAlias = Annotated[
    AcceptedEventJson
    | ProgressEventJson
    | PageEventJson
    | ProblemEventJson
    | HeartbeatEventJson
    | EndEventJson,
    Field(discriminator="event"),
]


@strict
class FrameJson(TypedDict):
    """What a frame of a camera shows."""

    width_px: int
    height_px: int
    outline: QuadJson | None
    """the corners of the page, where one is found"""
    sharpness: float
    brightness: Share
    text: str
    zones: list[ZoneJson]
    """what was read; the first is the region to read"""


@strict
class StatusJson(TypedDict):
    """How the server is."""

    status: str


@strict
class VersionJson(TypedDict):
    """Versions of the server and its engine."""

    name: str
    version: str
    engine: EngineNameJson


@strict
class LanguageJson(TypedDict):
    """An installed language."""

    code: str
    name: str
    dictionary: bool
    """whether alternatives come from a dictionary"""


@strict
class LanguagesJson(TypedDict):
    """The installed languages."""

    default: list[str]
    """read when a request names none"""
    languages: list[LanguageJson]


@strict
class FormatJson(TypedDict):
    """A format an answer can have."""

    name: str
    media_type: str
    suffix: str
    meaning: str


@strict
class FormatsJson(TypedDict):
    """The formats an answer can have."""

    default: str
    formats: list[FormatJson]


@strict
class ProfileJson(TypedDict):
    """A kind of pictures that is known."""

    name: str
    meaning: str
    finder: str
    """what looks for the fields"""
    fields: list[str]
    """their names"""


@strict
class ProfilesJson(TypedDict):
    """The kinds of pictures that are known."""

    profiles: list[ProfileJson]


@strict
class ParameterJson(TypedDict):
    """A number that a step can be given."""

    name: str
    meaning: str
    unit: str
    default: float
    least: float
    most: float


@strict
class StepJson(TypedDict):
    """A step that a picture can be taken through."""

    name: str
    meaning: str
    parameters: list[ParameterJson]


@strict
class StepsJson(TypedDict):
    """The steps that a picture can be taken through."""

    default: str
    steps: list[StepJson]
