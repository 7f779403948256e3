"""Which page of which file each page of a document was read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ocr_server.document.model import Document, Page
from ocr_server.errors import FormatUnavailable
from ocr_server.export.format import Rendering
from ocr_server.pdf import render
from ocr_server.sources.decode import count_pages
from ocr_server.sources.signatures import is_pdf


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page and where its picture is: page `index`, from 0, of a file."""

    page: Page
    path: Path
    index: int
    is_pdf: bool


def find_page_sources(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> tuple[PageSource, ...]:
    """A sheet for each page, in order.

    Raises:
        DocumentError: a source cannot be read.
        FormatUnavailable: there is no picture for a page.
    """
    if not sources:
        raise FormatUnavailable("This format shows the pictures. Send the file along.")
    pdfs = {path for path in sources if is_pdf(path)}
    places = [
        (path, index, path in pdfs)
        for path in sources
        for index in range(count_pages(path, limits=rendering.limits, password=rendering.password))
    ]
    beyond = next((page.number for page in document.pages if page.number > len(places)), None)
    used = [places[page.number - 1] for page in document.pages] if beyond is None else places
    for path in dict.fromkeys(path for path, _, is_of_pdf in used if is_of_pdf):
        # A file that stays shut was counted as one page.
        render.count_pdf_pages(path, password=rendering.password)
    if beyond is not None:
        raise FormatUnavailable(
            f"The document has a page {beyond}, but the files have {len(places)} pages. Send the "
            "files that were read.",
            page=beyond,
            pages=len(places),
        )
    return tuple(PageSource(page, *places[page.number - 1]) for page in document.pages)


def check_size(page: Page, width_px: int, height_px: int) -> None:
    """Do nothing if a picture has the size of the page.

    Raises:
        FormatUnavailable: it has another, so that the words would miss their places.
    """
    if (page.width_px, page.height_px) != (width_px, height_px):
        raise FormatUnavailable(
            f"Page {page.number} was read from {page.width_px} × {page.height_px} pixels, but the "
            f"picture has {width_px} × {height_px}. Send the file that was read.",
            page=page.number,
            width_px=width_px,
            height_px=height_px,
        )
