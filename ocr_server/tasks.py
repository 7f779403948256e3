"""Functions that run in worker processes.

They raise the errors of the modules that they call. Temporary files of libraries are written to the
job's private folder.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ocr_server.document.model import Document, EngineInfo, Page
from ocr_server.engines import describe_choice
from ocr_server.errors import StorageFull
from ocr_server.export import Render
from ocr_server.extraction import finders
from ocr_server.job import Claim, ClaimOutcome, Limits, ReadOptions, Rendering
from ocr_server.page import camera_frame, recipe
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.page.framing import zones_in_pixels
from ocr_server.page.progress import ProgressCallback, progress_writer
from ocr_server.page.quality import with_copies, with_damage
from ocr_server.page.spelling import suggest_spellings
from ocr_server.page.state import ReadContext
from ocr_server.page.text_policy import read_pdf_page
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.sources import decode
from ocr_server.sources.damage import lacks_end_of_pdf
from ocr_server.sources.pixels import PREVIEW_SIDE_PX, draw_preview
from ocr_server.sources.signatures import is_pdf

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True, slots=True)
class PageRef:
    """A page in its file: `index` counts pages of the file from 0, `number` of the job from 1.

    `reports_progress`: whether progress of reading it is recorded.
    """

    path: Path
    index: int
    number: int
    reports_progress: bool = False

    @property
    def progress_path(self) -> Path:
        """The page's progress file, which exists only if it `reports_progress`."""
        return self.path.with_name(f"{self.path.name}-progress-{self.number}")


def count_pages(
    _context: WorkerContext, *, path: Path, limits: Limits, password: str | None
) -> int:
    """The number of pages of a file."""
    return decode.count_pages(path, limits=limits, password=password)


def describe_engine(context: WorkerContext, *, name: str) -> EngineInfo:
    """Version and languages of an engine, by its name in `ENGINE_CHOICES`."""
    return describe_choice(name, context.engine)


def read_page(
    context: WorkerContext,
    *,
    page_ref: PageRef,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
) -> Page:
    """Read a page: from its text layer if the options allow and it is good, else by the engine."""
    recognise = partial(
        _recognise, context,
        page_ref=page_ref, options=options, limits=limits, password=password,
    )  # fmt: skip
    needs_picture = options.is_framed or (options.wants_fields and finders.needs_picture(options))
    with _temporary_files_in(page_ref.path.parent):
        is_of_pdf = is_pdf(page_ref.path)
        if needs_picture or not is_of_pdf:
            page = recognise()
        else:
            page = read_pdf_page(
                page_ref.path, page_ref.index, number=page_ref.number,
                options=options, limits=limits, password=password,
                context=partial(_read_context, context, options), recognise=recognise,
            )  # fmt: skip
        if is_of_pdf and lacks_end_of_pdf(page_ref.path):
            page = with_damage(page, 0.0)
        return finders.with_fields(page, options) if options.wants_fields else page


def _recognise(
    context: WorkerContext,
    *,
    page_ref: PageRef,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
) -> Page:
    decoded = decode.open_page(
        page_ref.path, page_ref.index, limits=limits, password=password, grey=True
    )
    is_plain = not (options.is_framed or options.wants_fields)
    read = recipe.read_page if is_plain else finders.read_framed_page
    path = page_ref.progress_path
    with progress_writer(path) if page_ref.reports_progress else nullcontext() as report:
        page = read(
            decoded.canvas,
            number=page_ref.number,
            options=options,
            context=_read_context(context, options, report),
        )
    page = with_copies(suggest_spellings(page, options), decoded.copies)
    return with_damage(page, decoded.lost_share)


def _read_context(
    context: WorkerContext,
    options: ReadOptions,
    report_progress: ProgressCallback | None = None,
) -> ReadContext:
    return ReadContext.of(
        options.engine,
        context.deadline,
        engine=context.engine,
        threads=context.threads,
        report_progress=report_progress,
        rank_languages=context.rank_languages,
    )


def render(
    _context: WorkerContext,
    *,
    document: Document,
    paths: tuple[Path, ...],
    render: Render,
    rendering: Rendering,
    result: Path,
) -> dict[Claim, ClaimOutcome]:
    """Render the document in a format into the file `result`; return what became of PDF claims."""
    with _temporary_files_in(result.parent), result.open("wb") as file:
        for piece in render(document, paths, rendering):
            file.write(piece)
    return rendering.claims


def draw_page(
    _context: WorkerContext, *, page_ref: PageRef, limits: Limits, password: str | None
) -> bytes:
    """A picture of the page that a browser can show."""
    with _temporary_files_in(page_ref.path.parent):
        return draw_preview(
            decode.decode_page(page_ref.path, page_ref.index, limits=limits, password=password)
        )


def draw_prepared_page(
    context: WorkerContext,
    *,
    page_ref: PageRef,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
) -> bytes:
    """A picture, for a browser, of the page as the engine reads it first, mapped back to the page.

    What was rotated or rectified lies where it lies in the page.
    """
    with _temporary_files_in(page_ref.path.parent):
        page = decode.decode_page(page_ref.path, page_ref.index, limits=limits, password=password)
        prepared = recipe.prepare_page(
            page,
            options=options,
            context=_read_context(context, options),
        )
        return draw_preview(prepared.laid_back(page, longest_px=PREVIEW_SIDE_PX))


def analyse_frame(
    context: WorkerContext, *, path: Path, reads: bool, options: ReadOptions, limits: Limits
) -> FrameAnalysis:
    """Analyse a frame of a camera; its text is read only if `reads`."""
    with _temporary_files_in(path.parent):
        canvas = decode.decode_page(path, 0, limits=limits, password=None, grey=True)
        return camera_frame.analyse_frame(
            canvas,
            options=replace(options, zones=zones_in_pixels(options.zones, canvas)),
            reads=reads,
            context=replace(_read_context(context, options), second_engine=None),
        )


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have libraries create temporary files in `folder`, which the server removes in any case.

    Raises:
        StorageFull: there is no space left, or the folder cannot be written.
    """
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull.of_temp_dir() from error
        raise
    finally:
        tempfile.tempdir = before
