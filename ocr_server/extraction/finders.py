"""The finders by name: each reads a page in its own way, and finds fields on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ocr_server.document.model import Code, Page
from ocr_server.errors import DeadlinePassed
from ocr_server.extraction import mrz, receipt, title_page
from ocr_server.extraction.form import FormSearch
from ocr_server.extraction.form_page import read_form_page
from ocr_server.extraction.keyword import TextSearch
from ocr_server.extraction.mrz_page import read_mrz_page
from ocr_server.extraction.plate import NAMES as PLATE_NAMES
from ocr_server.extraction.plate import find_plate, read_plate_page
from ocr_server.extraction.seven_segment import NAMES as DISPLAY_NAMES
from ocr_server.extraction.seven_segment import find_on_display, read_display_page
from ocr_server.extraction.validation import Match, validate_field
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PSM_OF_LAYOUT, FieldSpec, Layout, ReadOptions
from ocr_server.page.framing import FramedPage, apply_framing, put_back, zones_in_pixels
from ocr_server.page.state import ReadContext

TEXT = "text"
_CERTAIN = 1.0  # of a code that was read: a wrong one is rejected by its check

Read: TypeAlias = Callable[[FramedPage], Page]
Search: TypeAlias = Callable[[Page], Callable[[FieldSpec], Match]]


@dataclass(frozen=True, slots=True)
class Finder:
    """A finder of fields.

    `names` are the fields that it knows; empty if it takes any. `read` reads the page; `search`
    only examines it, so that fields can be found again after corrections: it returns a function
    that finds a field. `needs_picture`: the text layer of a PDF cannot be used.
    `needs_codes`: it looks at the codes of the page.
    """

    search: Search
    meaning: str
    names: tuple[str, ...] = ()
    read: Read = FramedPage.read
    needs_picture: bool = False
    needs_codes: bool = False


def read_receipt_page(framed_page: FramedPage) -> Page:
    """Read a receipt as any page, and again as one block if no total was found.

    Layout analysis sometimes loses amounts at the far right. Reading one block keeps them, but
    misreads more: as the first reading, it lost one date in twenty.

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
    """
    page = framed_page.read()
    if receipt.has_total(page) or framed_page.options.psm != ReadOptions().psm:
        return page
    try:
        block = framed_page.read(replace(framed_page.options, psm=PSM_OF_LAYOUT[Layout.BLOCK]))
    except DeadlinePassed:
        return page
    return block if receipt.has_total(block) else page


def find_code(page: Page, spec: FieldSpec) -> Match:
    """The first code, from top to bottom, that keeps the field's rules, else the first of all.

    With `zone` in the field only those in the zone of that name count.
    """
    matches = [
        Match(code.value, _CERTAIN, box=code.quad.box)
        for code in page.codes
        if _is_in_zone(page, code, spec.zone)
    ]
    if not matches:
        return Match("", 0.0, error="no code was read")
    valid = (match for match in matches if validate_field(spec, match).is_valid)
    return next(valid, matches[0])


def _is_in_zone(page: Page, code: Code, name: str | None) -> bool:
    if name is None:
        return True
    middle = code.quad.box.middle
    return any(zone.name == name and zone.box.contains(middle) for zone in page.zones)


def _search_text(page: Page) -> Callable[[FieldSpec], Match]:
    return TextSearch(page).find


def _search_form(page: Page) -> Callable[[FieldSpec], Match]:
    return FormSearch(page).find


def _each(find: Callable[[Page, FieldSpec], Match]) -> Search:
    """The search of a finder that takes nothing apart beforehand."""
    return partial(partial, find)


FINDERS: Mapping[str, Finder] = {
    TEXT: Finder(_search_text, "in a zone, behind a word, or wherever the mask fits"),
    "mrz": Finder(
        _each(mrz.find_in_mrz), "the machine-readable zone of a travel document", mrz.NAMES,
        read_mrz_page, needs_picture=True,
    ),
    "display": Finder(
        _each(find_on_display), "a seven-segment display, read bar by bar", DISPLAY_NAMES,
        read_display_page, needs_picture=True,
    ),
    "plate": Finder(
        _each(find_plate), "the number plate of a vehicle in a photograph", PLATE_NAMES,
        read_plate_page, needs_picture=True,
    ),
    "code": Finder(
        _each(find_code), "a bar code or matrix code whose value keeps the rules of the field",
        needs_codes=True,
    ),
    "receipt": Finder(
        _each(receipt.find_in_receipt), "what a receipt says", receipt.NAMES, read_receipt_page
    ),
    "form": Finder(
        _search_form, "what is written and ticked by hand in a form, beside or below its print",
        read=read_form_page, needs_picture=True,
    ),
    "title-page": Finder(
        _each(title_page.find_on_title_page), "a page of a book that begins a chapter",
        title_page.NAMES,
    ),
}  # fmt: skip


def needs_picture(options: ReadOptions) -> bool:
    """Whether the finder of the options cannot use the text layer of a PDF."""
    return FINDERS[options.finder].needs_picture


def read_framed_page(
    canvas: Canvas, *, number: int, options: ReadOptions, context: ReadContext
) -> Page:
    """Rotate and crop the canvas as requested, and read the page as the finder does.

    Coordinates of the page are in pixels of `canvas`, before rotation and cropping.

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
    """
    framed = apply_framing(canvas, options.framing)
    options = replace(options, zones=zones_in_pixels(options.zones, framed))
    read = FINDERS[options.finder].read
    page = read(FramedPage(framed.as_page(), number, options, context))
    return page if framed is canvas else put_back(page, framed, canvas)


def with_fields(page: Page, options: ReadOptions) -> Page:
    """The page with each requested field, found and validated."""
    if not options.fields:
        return page
    find = FINDERS[options.finder].search(page)
    return replace(page, fields=tuple(validate_field(one, find(one)) for one in options.fields))
