"""Functions that run in worker processes.

They raise the errors of the modules that they call. Temporary files of libraries are written to the
job's private folder.
"""

from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from ocr_server.document.model import (
    Document,
    EngineInfo,
    Page,
    StageRecord,
    write_page,
)
from ocr_server.document.page_files import PageReading, PageRef
from ocr_server.engines import describe_choice
from ocr_server.errors import AnswerTooLarge, OcrServerError, StorageFull, TooManyWords
from ocr_server.export import Render
from ocr_server.export.rendering import Claim, ClaimOutcome, Rendering
from ocr_server.extraction import finders
from ocr_server.job import Limits, ReadOptions
from ocr_server.page import camera_frame, reading
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.page.codes import read_codes
from ocr_server.page.framing import zones_in_pixels
from ocr_server.page.progress import progress_writer
from ocr_server.page.quality import with_copies, with_damage, with_problems
from ocr_server.page.spelling import suggest_spellings
from ocr_server.page.state import ReadContext
from ocr_server.page.text_policy import read_pdf_page
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.sources import decode
from ocr_server.sources.damage import lacks_end_of_pdf
from ocr_server.sources.pixels import PREVIEW_SIDE_PX, SMALL_SIDE_PX, draw_preview
from ocr_server.sources.signatures import is_pdf

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def count_pages(
    _context: WorkerContext, *, path: Path, limits: Limits, password: str | None
) -> int:
    """The number of pages of a file."""
    with temporary_files_in(path.parent):
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
    most_held_words: int,
) -> PageReading:
    """Read a page: from its text layer if the options allow and it is good, else by the engine.

    A page that cannot be drawn is read all the same. One of more than `most_held_words` is written
    to a file beside its source.

    Raises:
        TooManyWords: it has more than the limit.
    """
    is_of_pdf = is_pdf(page_ref.path)

    @cache
    def decoded(*, has_text: bool = True) -> decode.DecodedPage:
        page = decode.open_page(
            page_ref.path, page_ref.index,
            limits=limits, password=password, grey=True, has_text=has_text,
        )  # fmt: skip
        if is_of_pdf or not options.dpi:  # a PDF's page was drawn at so many dpi as its limits let
            return page
        return page._replace(canvas=replace(page.canvas, dpi=options.dpi))

    recognise = partial(
        _recognise, context, decoded,
        page_ref=page_ref, options=options, limits=limits, password=password,
    )  # fmt: skip
    needs_picture = options.is_framed or (options.wants_fields and finders.needs_picture(options))
    with temporary_files_in(page_ref.path.parent):
        if page_ref.is_drawn:
            try:
                page_ref.drawn_path.write_bytes(_drawn(page_ref, limits, password))
            except (OcrServerError, MemoryError, OSError):
                with suppress(OSError):
                    page_ref.drawn_path.unlink()
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
        if options.codes:
            page = replace(page, codes=read_codes(decoded().canvas.as_page()))
        if options.wants_fields:
            page = finders.with_fields(page, options)
        return _held_or_stored(page, page_ref, limits=limits, most_held_words=most_held_words)


def _held_or_stored(
    page: Page, page_ref: PageRef, *, limits: Limits, most_held_words: int
) -> PageReading:
    count = len(page.words)
    if count > limits.max_words:
        raise TooManyWords.of(f"{count} words", limit=limits.max_words)
    if count <= most_held_words:
        return PageReading(page)
    write_page(page, page_ref.page_path)
    return PageReading(replace(page, zones=()), page.confidence, page.letter_count)


def _recognise(
    context: WorkerContext,
    decode_page: Callable[..., decode.DecodedPage],
    *,
    page_ref: PageRef,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
    has_text: bool = True,
) -> Page:
    started_s = time.perf_counter()
    decoded = decode_page(has_text=has_text)
    size = f"{decoded.canvas.width_px} × {decoded.canvas.height_px} pixels"
    decoding = StageRecord.since(started_s, "decode", size, "decoded")
    read_context = _read_context(context, options)
    if not options.is_framed:
        read_context = replace(
            read_context,
            open_in_colour=partial(
                decode.open_in_colour, page_ref.path, page_ref.index,
                limits=limits, password=password, has_text=has_text,
            ),
        )  # fmt: skip
    is_plain = not (options.is_framed or options.wants_fields)
    read = reading.read_page if is_plain else finders.read_framed_page
    path = page_ref.progress_path
    with progress_writer(path) if page_ref.reports_progress else nullcontext() as report:
        page = read(
            decoded.canvas,
            number=page_ref.number,
            options=options,
            context=replace(read_context, report_progress=report),
        )
    page = replace(page, stages=(decoding, *page.stages))
    page = with_copies(suggest_spellings(page, options), decoded.copies)
    return with_problems(with_damage(page, decoded.lost_share), decoded.problems)


def _read_context(context: WorkerContext, options: ReadOptions) -> ReadContext:
    return ReadContext.of(
        options.engine,
        context.deadline,
        engine=context.engine,
        threads=context.threads,
        most_parts=context.slots,
        rank_languages=context.rank_languages,
    )


def render(
    _context: WorkerContext,
    *,
    document: Document | Path,
    paths: tuple[Path, ...],
    render: Render,
    rendering: Rendering,
    result: Path,
) -> dict[Claim, ClaimOutcome]:
    """Render the document in a format into the file `result`; return what became of PDF claims.

    The document may be a file of its JSON, as a client sent it.

    Raises:
        AnswerTooLarge: the result has more bytes than the limit.
        InvalidOptions: the JSON is not that of a document.
    """
    if isinstance(document, Path):
        # pydantic takes megabytes, so only when it is needed.
        from ocr_server.document.json_reader import read_document  # noqa: PLC0415

        document = read_document(document.read_bytes())
    left_bytes = rendering.limits.max_answer_bytes
    with temporary_files_in(result.parent), result.open("wb") as file:
        for piece in render(document, paths, rendering):
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise AnswerTooLarge.of(rendering.limits.max_answer_bytes)
            file.write(piece)
    return rendering.claims


def draw_page(
    _context: WorkerContext,
    *,
    page_ref: PageRef,
    limits: Limits,
    password: str | None,
    longest_px: int,
) -> bytes:
    """A picture of the page that a browser can show."""
    with temporary_files_in(page_ref.path.parent):
        return _drawn(page_ref, limits, password, longest_px=longest_px)


def _drawn(
    page_ref: PageRef, limits: Limits, password: str | None, *, longest_px: int = SMALL_SIDE_PX
) -> bytes:
    page = decode.decode_page(page_ref.path, page_ref.index, limits=limits, password=password)
    return draw_preview(page, longest_px=longest_px)


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
    with temporary_files_in(page_ref.path.parent):
        page = decode.decode_page(page_ref.path, page_ref.index, limits=limits, password=password)
        prepared = reading.prepare_page(
            page,
            options=options,
            context=replace(_read_context(context, options), open_in_colour=lambda: page),
        )
        return draw_preview(prepared.laid_back(page, longest_px=PREVIEW_SIDE_PX))


def analyse_frame(
    context: WorkerContext, *, path: Path, reads: bool, options: ReadOptions, limits: Limits
) -> FrameAnalysis:
    """Analyse a frame of a camera; its text is read only if `reads`."""
    with temporary_files_in(path.parent):
        canvas = decode.decode_page(path, 0, limits=limits, password=None, grey=True)
        canvas = replace(canvas, dpi=options.dpi or canvas.dpi)
        return camera_frame.analyse_frame(
            canvas,
            options=replace(options, zones=zones_in_pixels(options.zones, canvas)),
            reads=reads,
            context=replace(_read_context(context, options), second_engine=None),
        )


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Have libraries create temporary files in `folder`, which the server removes in any case.

    Raises:
        StorageFull: there is no space left, the folder cannot be written, or a file in it is gone.
    """
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM or _is_gone(error.filename, folder):
            raise StorageFull.of_temp_dir() from error
        raise
    finally:
        tempfile.tempdir = before


def _is_gone(name: object, folder: Path) -> bool:
    """Whether a file of the folder was removed from outside, as clean-ups do one by one."""
    return isinstance(name, str | Path) and Path(name).parent == folder and not Path(name).exists()
