"""What a format is, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ocr_server.job import Detail, Source
from ocr_server.model import Document


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a document is to leave; each format heeds what it can show.

    `join_lines`: the lines of a paragraph become one, hyphens at their ends resolved.
    """

    detail: Detail = Detail.WORD
    join_lines: bool = False


Render: TypeAlias = Callable[[Document, tuple[Source, ...], Rendering], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A way for a document to leave: pieces of bytes, page by page where the format allows it.

    `shows_pictures`: the sources are opened, so `render` belongs into a worker process, and
    raises FormatUnavailable where a source is missing and DocumentError where one is broken.
    """

    media_type: str
    suffix: str
    meaning: str
    render: Render
    shows_pictures: bool = False
