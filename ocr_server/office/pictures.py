"""Pictures inside files that have text: they are unpacked, read as pages, and put where they stood.

Each is read once, however often it stands there. Kinds of pictures that are not read, such as
drawings of lines (EMF, WMF, SVG), are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import TypeAlias

from ocr_server.document.model import Document
from ocr_server.document.roles import Roles
from ocr_server.errors import DocumentError
from ocr_server.export.blocks import Block, flowing_blocks
from ocr_server.job import Limits
from ocr_server.sources.decode import count_pages
from ocr_server.sources.signatures import PDF, media_type_of


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture between blocks, as the bytes of its file."""

    data: bytes = field(repr=False)


OfficeBlock: TypeAlias = Block | Picture


def picture_path(path: Path, number: int) -> Path:
    """The file of a picture, by its number from 1, that was inside the file of a path."""
    return path.with_name(f"{path.name}-picture-{number}")


def unpack_pictures(blocks: Iterable[OfficeBlock], path: Path, limits: Limits) -> tuple[int, ...]:
    """Write the pictures among blocks into files; return the number of pages of each.

    Those that would bring more pages than the limit have none, and no file.
    """
    counts: list[int] = []
    for number, picture in _numbered(blocks):
        if isinstance(picture, Picture) and number > len(counts):
            file = picture_path(path, number)
            file.write_bytes(picture.data)
            try:
                count = count_pages(file, limits=limits, password=None)
            except DocumentError:
                count = 1  # which tells the error when it is read
            if sum(counts) + count > limits.max_pages:
                file.unlink()
                count = 0
            counts.append(count)
    return tuple(counts)


def with_pictures_read(
    blocks: Iterable[OfficeBlock], document: Document | None, counts: Sequence[int]
) -> Iterator[Block]:
    """The blocks with, in place of each picture, those that were read in it.

    `document` has the pages of all pictures in their order; those that failed are missing.
    """
    read = _blocks_by_picture(document, counts) if document else {}
    for number, block in _numbered(blocks):
        if isinstance(block, Picture):
            yield from read.get(number, ())
        else:
            yield block


def _numbered(blocks: Iterable[OfficeBlock]) -> Iterator[tuple[int, OfficeBlock]]:
    """Blocks with the numbers of pictures, from 1; equal ones have the same, other blocks 0."""
    numbers: dict[bytes, int] = {}
    for block in blocks:
        if not isinstance(block, Picture):
            yield 0, block
        elif media_type_of(block.data) not in {None, PDF}:
            digest = hashlib.sha256(block.data).digest()
            yield numbers.setdefault(digest, len(numbers) + 1), block


def _blocks_by_picture(document: Document, counts: Sequence[int]) -> Mapping[int, list[Block]]:
    pictures = list(chain.from_iterable(repeat(at, count) for at, count in enumerate(counts, 1)))
    found: dict[int, list[Block]] = {}
    for page in document.pages:
        blocks = flowing_blocks((page,), Roles.of((page,)))
        found.setdefault(pictures[page.number - 1], []).extend(blocks)
    return found
