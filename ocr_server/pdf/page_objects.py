"""What a PDF page is made of: its objects and those of its forms, and where they stand."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pypdfium2
from pypdfium2 import raw

from ocr_server.geometry import Box, Point, hull

DEEPEST = 5  # forms inside forms


class PageObject(NamedTuple):
    """An object of a page: kind (`FPDF_PAGEOBJ_…`), handle, and those of the forms it is in.

    `forms` begins with the outermost. The handles are valid as long as the page is open.
    """

    kind: int
    handle: Any  # ctypes has no common type for objects, pages and forms
    forms: tuple[Any, ...] = ()


def objects_of(page: pypdfium2.PdfPage) -> tuple[PageObject, ...]:
    """All objects of a page in the order in which they are drawn, forms before what is in them.

    pypdfium2's own way takes a fifth of the time of reading a page's text.
    """
    return tuple(_objects(page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, ()))


def _objects(
    holder: Any,  # noqa: ANN401 - a page or a form
    count: Callable[[Any], int],
    get: Callable[[Any, int], Any],
    forms: tuple[Any, ...],
) -> Iterator[PageObject]:
    for number in range(count(holder)):
        handle = get(holder, number)
        kind = raw.FPDFPageObj_GetType(handle)
        yield PageObject(kind, handle, forms)
        if kind == raw.FPDF_PAGEOBJ_FORM and len(forms) < DEEPEST:
            yield from _objects(
                handle, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, (*forms, handle)
            )


def hide_text(objects: Iterable[PageObject]) -> None:
    """Have the page drawn without its text from now on, as long as it is open."""
    for shown in objects:
        if shown.kind == raw.FPDF_PAGEOBJ_TEXT:
            raw.FPDFTextObj_SetTextRenderMode(shown.handle, raw.FPDF_TEXTRENDERMODE_INVISIBLE)


def span_of(handle: Any) -> int:  # noqa: ANN401 - as above
    """A number for the innermost span with text beside it (ActualText) around an object, or 0."""
    for number in reversed(range(raw.FPDFPageObj_CountMarks(handle))):
        mark = raw.FPDFPageObj_GetMark(handle, number)
        if raw.FPDFPageObjMark_GetParamStringValue(mark, b"ActualText", None, 0, ctypes.c_ulong()):
            return ctypes.cast(mark, ctypes.c_void_p).value or 0
    return 0


def bounds_on_page(shown: PageObject) -> Box:
    """Where an object stands, in the page's points, y upwards.

    PDFium tells it in those of the form that the object is in, where it is in one.
    """
    sides = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(shown.handle, *sides)
    left, bottom, right, top = (side.value for side in sides)
    corners = [Point(left, bottom), Point(right, bottom), Point(right, top), Point(left, top)]
    for form in reversed(shown.forms):
        matrix = raw.FS_MATRIX()
        raw.FPDFPageObj_GetMatrix(form, matrix)
        corners = [
            Point(
                matrix.a * x + matrix.c * y + matrix.e,
                matrix.b * x + matrix.d * y + matrix.f,
            )
            for x, y in corners
        ]
    return hull(corners)


def sorted_box(box: Sequence[float]) -> tuple[float, float, float, float]:
    """The sides of a box with the lesser ones first."""
    left, bottom, right, top = box
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
