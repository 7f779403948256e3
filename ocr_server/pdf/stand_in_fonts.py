"""Fonts for text that PDFium leaves out since a PDF relies on fonts that are not installed.

Where a font for vertical writing is neither in the file nor on the machine, its letters have no
box, and PDFium leaves them out of a page's text. In a copy of the page such fonts are embedded,
with a glyph for all letters that shows nothing, so that these are found where they stand.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import pikepdf
from pikepdf import Name, Object
from pypdfium2 import raw

from ocr_server.pdf.one_glyph_font import one_glyph_font
from ocr_server.pdf.page_copy import shown_by
from ocr_server.pdf.page_objects import PageObject, bounds_on_page

_MOST_CODES = 65_536
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


def lacks_vertical_font(objects: Iterable[PageObject]) -> bool:
    """Whether some text of a page is vertical, and in a font that PDFium does not have."""
    embedded: dict[int | None, bool] = {}
    for shown in objects:
        if shown.kind != raw.FPDF_PAGEOBJ_TEXT:
            continue
        font = raw.FPDFTextObj_GetFont(shown.handle)
        address = ctypes.cast(font, ctypes.c_void_p).value
        if address not in embedded:
            embedded[address] = raw.FPDFFont_GetIsEmbedded(font) == 1
        if not embedded[address]:
            bounds = bounds_on_page(shown)
            if bounds.height > 0 == bounds.width:
                return True
    return False


def embed_vertical_fonts(pdf: pikepdf.Pdf, page: Object) -> None:
    """Embed the fonts for vertical writing that a page and its forms name and do not have.

    Source: ISO 32000-1, 9.7.4 (CIDFonts) and 9.7.5.2 (predefined CMaps, whose names end in V).
    """
    file = pdf.make_stream(one_glyph_font(advance=1, ascent=0, descent=0))
    glyphs = pdf.make_stream(b"\0\1" * _MOST_CODES)
    for holder in (page, *shown_by(page)):
        fonts = holder.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
        for font in fonts.values():
            if not str(font.get("/Encoding", "")).endswith("-V"):
                continue
            descendant = font.DescendantFonts[0]
            descriptor = descendant.FontDescriptor
            if not any(key in descriptor for key in _FONT_FILES):
                descriptor.FontFile2 = file
                descendant.Subtype = Name.CIDFontType2
                descendant.CIDToGIDMap = glyphs
