"""What a format is, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from ocr_server.document.model import Document
from ocr_server.job import Detail, Limits, SignatureUse


class Claim(StrEnum):
    """What a PDF claims of itself, and writing it can make untrue."""

    SIGNATURES = "signatures"
    PDF_A = "pdf-a"


class ClaimOutcome(StrEnum):
    """What became of a claim; `UPDATED`: text was appended behind what was signed."""

    KEPT = "kept"
    UPDATED = "updated"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a document is to leave; each format heeds what it can show.

    `join_lines`: the lines of a paragraph become one, hyphens at their ends resolved.
    `limits` and `password` serve the formats that open the sources once more. `claims` is filled in
    by the format, before its first piece leaves.
    """

    detail: Detail = Detail.WORD
    join_lines: bool = False
    limits: Limits = field(default_factory=Limits)
    password: str | None = field(default=None, repr=False)
    signatures: SignatureUse = SignatureUse.KEEP
    claims: dict[Claim, ClaimOutcome] = field(default_factory=dict, compare=False)


Render: TypeAlias = Callable[[Document, tuple[Path, ...], Rendering], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A way for a document to leave: pieces of bytes, page by page where the format allows it.

    `shows_pictures`: the files of the upload are opened, by libraries that a hostile file may
    break, so `render` runs in a worker process. It raises FormatUnavailable where a file is
    missing or is not the one that was read, and DocumentError where one is broken.
    `one_page_each`: a file of it holds one page, so `render` takes a document of one.
    `shows_alternatives`: what doubtful words may be instead is worth looking up.
    `label`: what a person would call it. `for_programs`: menus show it after the others.
    """

    media_type: str
    suffix: str
    meaning: str
    render: Render
    shows_pictures: bool = False
    one_page_each: bool = False
    shows_alternatives: bool = False
    label: str = field(kw_only=True)
    for_programs: bool = False
