"""Functions that run in worker processes for files that have text of their own.

They are imported with the first such file: neither server nor worker process needs them to start.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ocr_server.document.model import Document
from ocr_server.job import Limits
from ocr_server.office import pictures as inside
from ocr_server.office.files import office_blocks
from ocr_server.office.plain import OfficeForm, OfficeText
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.tasks import temporary_files_in


def unpack_pictures(
    _context: WorkerContext, *, path: Path, media_type: str, limits: Limits
) -> tuple[int, ...]:
    """Write the pictures inside a file that has text into files; the number of pages of each."""
    with temporary_files_in(path.parent):
        return inside.unpack_pictures(office_blocks(path, media_type), path, limits)


def read_office_file(
    _context: WorkerContext,
    *,
    path: Path,
    media_type: str,
    forms: Sequence[OfficeForm],
    wants_blocks: bool,
    limits: Limits,
    pictures: Document | None,
    counts: tuple[int, ...],
) -> OfficeText:
    """The text of a file that has text of its own, with what was read in its pictures.

    Raises:
        AnswerTooLarge: it has more bytes than the limit.
    """
    with temporary_files_in(path.parent):
        blocks = list(inside.with_pictures_read(office_blocks(path, media_type), pictures, counts))
        return OfficeText.of(
            blocks, forms, wants_blocks=wants_blocks, most_bytes=limits.max_answer_bytes
        )
