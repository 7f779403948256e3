"""What a page tells beside its zones: stages of reading it, quality, language, fields and codes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ocr_server.errors import DamagedPicture, DocumentError, OutOfMemory
from ocr_server.geometry import Box, Quad

# `Advice.code` of a page of which the file has only a part, or of which a worker can draw only one.
INCOMPLETE, LACKS_MEMORY = "incomplete", "lacks-memory"


class StageOutcome(StrEnum):
    """How a stage of the recipe ended."""

    DONE = "done"
    NOT_NEEDED = "not-needed"
    SKIPPED = "skipped"  # left out, as the request asked
    OUT_OF_TIME = "out-of-time"


class StageRecord(NamedTuple):
    """One stage of reading a page: what it found and did, its time in milliseconds, its outcome.

    `found` and `did` are phrases for people; `did` is empty if nothing was done. Programs decide
    by `outcome`. `began_s` is its start by `time.perf_counter()`, 0 if it did not run, and
    `engine_ms` the part of its time in which an engine worked; both are for traces, not in JSON.
    """

    name: str
    found: str
    did: str
    ms: float
    outcome: StageOutcome
    began_s: float = 0.0
    engine_ms: float = 0.0

    @classmethod
    def since(
        cls, started_s: float, name: str, found: str, did: str, *, engine_s: float = 0.0
    ) -> StageRecord:
        """The record of a stage that ends now and began at `started_s` of `time.perf_counter()`."""
        outcome = StageOutcome.DONE if did else StageOutcome.NOT_NEEDED
        ms = (time.perf_counter() - started_s) * 1000
        return cls(name, found, did, ms, outcome, started_s, engine_s * 1000)


@dataclass(frozen=True, slots=True)
class Advice:
    """One fault of a picture, and what a person can do about it; `code` never changes."""

    code: str
    message: str
    advice: str

    def as_error(self) -> DocumentError:
        """The error for a page that cannot be read because of the fault, or not whole."""
        kind = OutOfMemory if self.code == LACKS_MEMORY else DamagedPicture
        return kind(f"{self.message} {self.advice}")


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


class CodeKind(StrEnum):
    """The symbology of a code that machines read."""

    QR = "qr"
    DATA_MATRIX = "data-matrix"
    AZTEC = "aztec"
    PDF417 = "pdf417"
    CODE_128 = "code-128"
    CODE_39 = "code-39"
    EAN_13 = "ean-13"
    EAN_8 = "ean-8"
    UPC_A = "upc-a"
    UPC_E = "upc-e"


class CodeCheck(StrEnum):
    """What says that a code was read right."""

    ERROR_CORRECTION = "error-correction"
    CHECK_DIGIT = "check-digit"
    NONE = "none"  # Code 39 has none, unless its users agree on one


@dataclass(frozen=True, slots=True)
class Code:
    """A bar code or matrix code; its quad begins at the code's own top left."""

    kind: CodeKind
    value: str
    quad: Quad

    @property
    def check(self) -> CodeCheck:
        """What says that it was read right."""
        if self.kind in {CodeKind.QR, CodeKind.DATA_MATRIX, CodeKind.AZTEC, CodeKind.PDF417}:
            return CodeCheck.ERROR_CORRECTION
        return CodeCheck.NONE if self.kind is CodeKind.CODE_39 else CodeCheck.CHECK_DIGIT
