"""PDF that can be searched: the pages as they were sent, under an invisible layer of text.

pikepdf (QPDF) writes: it keeps what it does not understand, copies streams undecoded and one at a
time, and mends what it reads. Pictures, and pages of several files, first become temporary PDFs of
some pages each, so that neither a long document nor many open files are held. A PDF to which
nothing is added leaves as it came, and to a signed one the text is appended.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf

from ocr_server import __version__
from ocr_server.document.languages import tag_of
from ocr_server.document.model import Document, Line, Page, TextSource, Word
from ocr_server.errors import DamagedPicture, EncryptedDocument, SignedDocument
from ocr_server.export.pdf.conformance import claims_pdfa, drop_claims_of_tags
from ocr_server.export.pdf.glyphless_font import GlyphlessFont
from ocr_server.export.pdf.image_page import add_picture_page
from ocr_server.export.pdf.incremental import CannotAppend, append_changes
from ocr_server.export.pdf.invisible_text import (
    FONT,
    find_visible_text,
    remove_invisible_text,
    write_text_layer,
)
from ocr_server.export.pdf.signatures import is_signed, limits_changes, remove_signatures
from ocr_server.export.picture import PageSource, check_size, find_page_sources, with_zones
from ocr_server.export.rendering import Claim, ClaimOutcome, Rendering, SignatureUse
from ocr_server.geometry import Box, Transform
from ocr_server.pdf.opening import page_frame
from ocr_server.pdf.page_copy import opened_by_qpdf
from ocr_server.pdf.page_objects import sorted_box
from ocr_server.pdf.text_extraction import ExtractedText, read_text_layer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PIECE_BYTES = 256 * 1024
_PART_BYTES = 16 * 1024 * 1024  # of pictures in a temporary PDF, but for the last of them
_PART_FILES = 64  # PDFs that are open at a time


def render_pdf(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The document's pages, searchable.

    Raises:
        DocumentError: a source is damaged.
        FormatUnavailable: a source is missing, or not the one that was read.
        SignedDocument: a signature would be broken, and it was not asked to drop it.
    """
    page_sources = find_page_sources(document, sources, rendering)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.pdf"
        try:
            _write(document, page_sources, rendering, result)
        except pikepdf.PasswordError as error:
            raise EncryptedDocument(
                "The password does not open this PDF. Send another one."
            ) from error
        except pikepdf.PikepdfError as error:
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
    paths = {page_source.path for page_source in page_sources}
    try:
        # One PDF stays what it is: its outline, links, forms and metadata with it.
        if len(paths) == 1 and page_sources[0].is_pdf:
            _write_one_pdf(document, page_sources, rendering, result)
        else:
            _write_new_pdf(document, page_sources, rendering, result)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if not any(page_source.is_pdf for page_source in page_sources):
            raise
        raise pikepdf.PdfError("An object of the PDF is not what it should be.") from error


def _write_one_pdf(
    document: Document, page_sources: Sequence[PageSource], rendering: Rendering, result: Path
) -> None:
    """Some or all pages of a PDF: as it came, with an update, or written anew."""
    original, claims = page_sources[0].path, rendering.claims
    with opened_by_qpdf(original, rendering.password) as pdf:
        has_signatures = _handle_signatures(pdf, rendering)
        if claims_pdfa(pdf):
            claims[Claim.PDF_A] = ClaimOutcome.KEPT
        has_other_pages = _keep_pages(pdf, [page_source.index for page_source in page_sources])
        if has_signatures and has_other_pages:
            raise _signed("Its signatures are for all of its pages, and not all were asked for")
        has_changes = _add_texts(pdf, with_zones(document, page_sources), rendering)
        is_as_sent = not (has_changes or has_other_pages)
        if is_as_sent and claims.get(Claim.SIGNATURES) is not ClaimOutcome.DROPPED:
            shutil.copyfile(original, result)
            return
        if has_changes and drop_claims_of_tags(pdf):
            claims[Claim.PDF_A] = ClaimOutcome.DROPPED
        if has_signatures:
            if limits_changes(pdf):
                raise _signed(
                    "Who signed it has limited what may be changed, by a certification or a lock"
                )
            try:
                append_changes(pdf, original, result)
            except CannotAppend as error:
                raise _signed(f"Nothing can be appended to it, as {error}") from error
            claims[Claim.SIGNATURES] = ClaimOutcome.UPDATED
            return
        if has_changes:
            _tell_language(pdf, document)
        _save(pdf, result)


def _write_new_pdf(
    document: Document, page_sources: Sequence[PageSource], rendering: Rendering, result: Path
) -> None:
    """Pages of several files, or of pictures."""
    with ExitStack() as opened:
        pdf = opened.enter_context(pikepdf.new())
        _collect_pages(pdf, page_sources, rendering, result.parent, opened)
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["pdf:Producer"] = f"ocr_server {__version__}"
            metadata["xmp:CreatorTool"] = f"{document.engine.name} {document.engine.version}"
        if _add_texts(pdf, with_zones(document, page_sources), rendering):
            _tell_language(pdf, document)
        _save(pdf, result)


def _handle_signatures(pdf: pikepdf.Pdf, rendering: Rendering) -> bool:
    """Remove the signatures if that was asked for; whether there are any left."""
    if not is_signed(pdf):
        return False
    is_dropped = rendering.signatures is SignatureUse.DROP
    if is_dropped:
        remove_signatures(pdf)
    rendering.claims[Claim.SIGNATURES] = ClaimOutcome.DROPPED if is_dropped else ClaimOutcome.KEPT
    return not is_dropped


def _signed(reason: str) -> SignedDocument:
    return SignedDocument(
        f"The PDF is signed. {reason}. Ask for another format, or send signatures=drop to have it "
        "written anew without its signatures."
    )


def _keep_pages(pdf: pikepdf.Pdf, indices: Sequence[int]) -> bool:
    """Leave these pages in this order; whether they are others than before."""
    is_changed = list(indices) != list(range(len(pdf.pages)))
    if is_changed:
        kept = [pdf.pages[index] for index in indices]
        del pdf.pages[:]
        pdf.pages.extend(kept)
    return is_changed


def _add_texts(pdf: pikepdf.Pdf, page_sources: Iterable[PageSource], rendering: Rendering) -> bool:
    """Add the layer of each page; whether any page was changed."""
    font = GlyphlessFont(pdf)
    changed = [
        _add_text(pdf, page, page_source, font, rendering)
        for page, page_source in zip(pdf.pages, page_sources, strict=True)
    ]
    if font.is_used:
        font.finish()
    return any(changed)


def _tell_language(pdf: pikepdf.Pdf, document: Document) -> None:
    """Who reads it aloud needs to know."""
    if (tag := tag_of(document.language)) and "/Lang" not in pdf.Root:
        pdf.Root.Lang = pikepdf.String(tag)


def _save(pdf: pikepdf.Pdf, result: Path) -> None:
    # QPDF makes no name from the content of what it encrypts.
    is_encrypted = pdf.is_encrypted
    with _Output(io.FileIO(result, "w")) as file:
        pdf.save(file, encryption=is_encrypted, deterministic_id=not is_encrypted)


class _Output(io.BufferedWriter):
    """A file that raises an error of the disk when it is closed.

    While QPDF makes a name from the content, such an error ends the process: it tries to write the
    rest as the error passes through it.
    """

    error: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.error = error
            return len(memoryview(data))

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.error = error

    def close(self) -> None:
        super().close()
        if self.error:
            raise self.error


def _collect_pages(
    pdf: pikepdf.Pdf,
    page_sources: Sequence[PageSource],
    rendering: Rendering,
    folder: Path,
    opened: ExitStack,
) -> None:
    for number, part in enumerate(_parts(page_sources, rendering)):
        path = folder / f"{number}.pdf"
        part.save(path)
        pdf.pages.extend(opened.enter_context(pikepdf.open(path)).pages)


def _parts(page_sources: Sequence[PageSource], rendering: Rendering) -> Iterator[pikepdf.Pdf]:
    """PDFs of some pages each, in order, each open until the next is asked for."""
    left = deque(page_sources)
    while left:
        with ExitStack() as opened:
            part = opened.enter_context(pikepdf.new())
            pdfs: dict[Path, pikepdf.Pdf] = {}
            pictures_bytes = 0
            while left and pictures_bytes < _PART_BYTES and len(pdfs) < _PART_FILES:
                page_source = left.popleft()
                path, index, page = page_source.path, page_source.index, page_source.page
                if not page_source.is_pdf:
                    added = add_picture_page(
                        part, path, index, dpi=page.dpi, limits=rendering.limits
                    )
                    check_size(page, added.width_px, added.height_px)
                    pictures_bytes += added.size_bytes
                    continue
                if path not in pdfs:
                    pdfs[path] = opened.enter_context(_opened_for_parts(path, rendering))
                part.pages.append(pdfs[path].pages[index])
            yield part


def _opened_for_parts(path: Path, rendering: Rendering) -> pikepdf.Pdf:
    pdf = opened_by_qpdf(path, rendering.password)
    if _handle_signatures(pdf, rendering):
        raise _signed("Its signatures cannot go into a PDF of several files")
    if claims_pdfa(pdf):
        rendering.claims[Claim.PDF_A] = ClaimOutcome.DROPPED
    return pdf


def _add_text(
    pdf: pikepdf.Pdf,
    page: pikepdf.Page,
    page_source: PageSource,
    font: GlyphlessFont,
    rendering: Rendering,
) -> bool:
    """Add the layer, unless the page has its text already; whether the page was changed."""
    lines: Sequence[Line] = page_source.page.lines
    is_changed = False
    way = page_frame(
        _shown_box(page),
        rotation_deg=int(page.rotation),
        width_px=page_source.page.width_px,
        height_px=page_source.page.height_px,
    )
    if page_source.is_pdf:
        is_unread = page_source.page.source is TextSource.TEXT_LAYER
        if is_unread and _has_the_words_of(page_source.page, _own_text(page_source, rendering)):
            return False
        visible = find_visible_text(
            page_source.path, page_source.index, password=rendering.password
        )
        is_recognised = page_source.page.source is TextSource.RECOGNISED
        if visible and is_recognised and _own_text(page_source, rendering).is_doubted:
            visible = ()  # called otherwise than it looks: what was recognised stands beside it
        lines = [
            kept
            for zone in page_source.page.zones
            for line in zone.lines
            # What was joined to the page's own text is none of it, even under a label.
            if (
                kept := line
                if zone.source is TextSource.RECOGNISED
                else _beside(line, visible, way)
            )
        ]
        is_changed = remove_invisible_text(pdf, page)
    layer = write_text_layer(lines, to_user_space=way, font=font)
    if not layer:
        return is_changed
    page.add_resource(font.object, pikepdf.Name.Font, pikepdf.Name(f"/{FONT}"))
    # What the page leaves of its graphics state must not move the layer.
    page.contents_add(b"q\n", prepend=True)
    # Compressed at once, as QPDF would hold it as it is until the file is written.
    content = zlib.compress(b"\nQ\n" + layer)
    page.contents_add(pdf.make_stream(content, Filter=pikepdf.Name.FlateDecode))
    return True


def _own_text(page_source: PageSource, rendering: Rendering) -> ExtractedText:
    return read_text_layer(
        page_source.path, page_source.index,
        limits=rendering.limits, password=rendering.password, symbols=False,
    )  # fmt: skip


def _has_the_words_of(page: Page, own: ExtractedText) -> bool:
    """Whether the page has the words of its own text layer: nobody corrected or removed any."""
    return Counter(word.text for word in own.words) == Counter(word.text for word in page.words)


def _beside(line: Line, visible: Sequence[Box], way: Transform) -> Line | None:
    """The line without the words that lie on visible text, or under it; None without any left."""

    def is_there(word: Word) -> bool:
        box = word.quad.mapped(way).box
        return any(old.contains(box.middle) or box.contains(old.middle) for old in visible)

    return line.filtered(lambda word: not is_there(word))


def _shown_box(target: pikepdf.Page) -> tuple[float, float, float, float]:
    """The crop box within the media box, as PDFium shows it."""
    media, crop = (
        sorted_box([float(side) for side in box]) for box in (target.mediabox, target.cropbox)
    )
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media
