"""PDF that can be searched: the pages as they were sent, under an invisible layer of text.

pikepdf (QPDF) writes: it keeps what it does not understand, copies streams undecoded and one at a
time, and mends what it reads. A picture first becomes a PDF of its own in a temporary file, so
that a long document never stands in memory.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pikepdf

from ocr_server import __version__
from ocr_server.document.languages import tag_of
from ocr_server.document.model import Document, Line, TextSource, Word
from ocr_server.errors import DamagedPicture
from ocr_server.export.pdf.glyphless_font import GlyphlessFont
from ocr_server.export.pdf.image_page import write_picture_page
from ocr_server.export.pdf.invisible_text import (
    FONT,
    find_visible_text,
    remove_invisible_text,
    write_text_layer,
)
from ocr_server.export.picture import PageSource, check_size, find_page_sources
from ocr_server.geometry import Box, Transform
from ocr_server.job import Rendering
from ocr_server.pdf.render import page_frame
from ocr_server.pdf.text_extraction import read_text_layer

_PIECE_BYTES = 256 * 1024


def render_pdf(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The document's pages, searchable.

    Raises:
        DocumentError: a source is damaged.
        FormatUnavailable: a source is missing, or not the one that was read.
    """
    page_sources = find_page_sources(document, sources, rendering)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.pdf"
        try:
            _write(document, page_sources, rendering, result)
        except pikepdf.PdfError as error:
            raise DamagedPicture(
                "The PDF is damaged and cannot be written again. Ask for another format, or save "
                "the PDF again and send that."
            ) from error
        with result.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece


def _write(
    document: Document, page_sources: Sequence[PageSource], rendering: Rendering, result: Path
) -> None:
    with ExitStack() as opened:
        whole = (
            {page_source.path for page_source in page_sources}
            if all(page_source.is_pdf for page_source in page_sources)
            else ()
        )
        if len(whole) == 1:
            # One PDF stays what it is: its outline, links, forms and metadata with it.
            pdf = opened.enter_context(pikepdf.open(*whole, password=rendering.password or ""))
            _keep_pages(pdf, [page_source.index for page_source in page_sources])
        else:
            pdf = opened.enter_context(pikepdf.new())
            _collect_pages(pdf, page_sources, rendering, result.parent, opened)
            with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
                metadata["pdf:Producer"] = f"ocr_server {__version__}"
                metadata["xmp:CreatorTool"] = f"{document.engine.name} {document.engine.version}"
        font = GlyphlessFont(pdf)
        try:
            added = [
                _add_text(pdf, page, page_source, font, rendering)
                for page, page_source in zip(pdf.pages, page_sources, strict=True)
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if not any(page_source.is_pdf for page_source in page_sources):
                raise
            raise pikepdf.PdfError("An object of the PDF is not what it should be.") from error
        if any(added):
            font.finish()
            if (tag := tag_of(document.language)) and "/Lang" not in pdf.Root:
                pdf.Root.Lang = pikepdf.String(tag)  # who reads it aloud needs to know
        # QPDF makes no name from the content of what it encrypts.
        pdf.save(result, encryption=pdf.is_encrypted, deterministic_id=not pdf.is_encrypted)


def _keep_pages(pdf: pikepdf.Pdf, indices: Sequence[int]) -> None:
    if list(indices) != list(range(len(pdf.pages))):
        kept = [pdf.pages[index] for index in indices]
        del pdf.pages[:]
        pdf.pages.extend(kept)


def _collect_pages(
    pdf: pikepdf.Pdf,
    page_sources: Sequence[PageSource],
    rendering: Rendering,
    folder: Path,
    opened: ExitStack,
) -> None:
    for number, page_source in enumerate(page_sources):
        if page_source.is_pdf:
            path, index, password = page_source.path, page_source.index, rendering.password or ""
        else:
            path, index, password = folder / f"{number}.pdf", 0, ""
            size = write_picture_page(
                page_source.path,
                page_source.index,
                path,
                dpi=page_source.page.dpi,
                limits=rendering.limits,
            )
            check_size(page_source.page, *size)
        source = opened.enter_context(pikepdf.open(path, password=password))
        pdf.pages.append(source.pages[index])


def _add_text(
    pdf: pikepdf.Pdf,
    page: pikepdf.Page,
    page_source: PageSource,
    font: GlyphlessFont,
    rendering: Rendering,
) -> bool:
    """Add the layer, unless the page has its text already; whether there was any to add."""
    lines: Sequence[Line] = page_source.page.lines
    way = page_frame(
        _shown_box(page),
        rotation_deg=int(page.rotation),
        width_px=page_source.page.width_px,
        height_px=page_source.page.height_px,
    )
    if page_source.is_pdf:
        is_unread = page_source.page.source is TextSource.TEXT_LAYER
        if is_unread and _says_the_same(page_source, rendering):
            return False
        visible = find_visible_text(
            page_source.path, page_source.index, password=rendering.password
        )
        lines = [kept for line in lines if (kept := _beside(line, visible, way))]
        remove_invisible_text(pdf, page)
    layer = write_text_layer(lines, to_user_space=way, font=font)
    if not layer:
        return False
    page.add_resource(font.object, pikepdf.Name.Font, pikepdf.Name(f"/{FONT}"))
    # What the page leaves of its graphics state must not move the layer.
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(b"\nQ\n" + layer)
    return True


def _says_the_same(page_source: PageSource, rendering: Rendering) -> bool:
    """Whether the page has the words of its own text layer: nobody corrected or removed any."""
    layer = read_text_layer(
        page_source.path, page_source.index,
        limits=rendering.limits, password=rendering.password, symbols=False,
    )  # fmt: skip
    own = Counter(word.text for zone in layer.zones for word in zone.words)
    return own == Counter(word.text for word in page_source.page.words)


def _beside(line: Line, visible: Sequence[Box], way: Transform) -> Line | None:
    """The line without the words that lie on visible text, or under it; None without any left."""

    def is_there(word: Word) -> bool:
        box = word.quad.mapped(way).box
        return any(old.contains(box.middle) or box.contains(old.middle) for old in visible)

    return line.filtered(lambda word: not is_there(word))


def _shown_box(target: pikepdf.Page) -> tuple[float, float, float, float]:
    """The crop box within the media box, as PDFium shows it."""
    media, crop = _sorted_box(target.mediabox), _sorted_box(target.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media


def _sorted_box(corners: pikepdf.Array) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in corners)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
