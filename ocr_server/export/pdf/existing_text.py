"""The text that a PDF page has already, so that no word stands on it twice.

Invisible text is an earlier recognition: it is taken out when a new one comes. Visible text stays,
and words that lie on it are not added again.

Source: ISO 32000-1, 9.3.6 (rendering modes), 9.4.3 (operators that show text).
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pikepdf
from pikepdf import Name, Object, Operator, Page, Pdf
from pypdfium2 import raw

from ocr_server.geometry import Box
from ocr_server.pdf.render import bounds_on_page, opened_pdf

Instruction: TypeAlias = "pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage"

_SHOWING = {"Tj", "TJ", "'", '"'}
_INVISIBLE = 3
_DEEPEST = 5  # forms inside forms; PDFium looks no deeper for objects than we do


def remove_invisible_text(pdf: Pdf, page: Page) -> bool:
    """Take the invisible text out of a page and the forms that it draws; whether there was any."""
    instructions, found = _visible(pikepdf.parse_content_stream(page))
    if found:
        page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(instructions))
    resources = page.obj.get("/Resources", pikepdf.Dictionary())
    return _clean_forms(resources, depth=_DEEPEST) or found


def find_visible_text(path: Path, index: int, *, password: str | None) -> tuple[Box, ...]:
    """The boxes of the visible pieces of text of a page, in its user space, y upwards.

    A piece is as much as one operator shows: a word, part of a line or a line.
    """
    with opened_pdf(path, password) as document:
        page = document[index]
        pieces = page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=_DEEPEST)
        return tuple(
            bounds_on_page(piece)
            for piece in pieces
            if raw.FPDFTextObj_GetTextRenderMode(piece) != raw.FPDF_TEXTRENDERMODE_INVISIBLE
        )


def _clean_forms(resources: Object, *, depth: int) -> bool:
    found_any = False
    if not depth:
        return found_any
    for form in dict(resources.get("/XObject", {})).values():
        if form.get("/Subtype") != Name.Form:
            continue
        instructions, found = _visible(pikepdf.parse_content_stream(form))
        if found:
            form.write(pikepdf.unparse_content_stream(instructions))
        inner = form.get("/Resources", pikepdf.Dictionary())
        found_any |= _clean_forms(inner, depth=depth - 1) or found
    return found_any


def _visible(instructions: list[Instruction]) -> tuple[list[Instruction], bool]:
    """The instructions without those that show invisible text, and whether there were any."""
    kept: list[Instruction] = []
    found = False
    mode, saved = 0, list[int]()
    for instruction in instructions:
        name = str(instruction.operator)
        if name == "q":
            saved.append(mode)
        elif name == "Q" and saved:
            mode = saved.pop()
        elif name == "Tr" and instruction.operands:
            mode = int(instruction.operands[0])
        if mode == _INVISIBLE and name in _SHOWING:
            found = True
            if name in {"'", '"'}:  # they also move to the next line
                kept.append(pikepdf.ContentStreamInstruction([], Operator("T*")))
            continue
        kept.append(instruction)
    return kept, found
