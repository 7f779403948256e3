"""Fonts for text that PDFium leaves out since a PDF relies on fonts that are not installed.

Where a font of Chinese, Japanese or Korean is neither in the file nor on the machine, its letters
have no box, and PDFium leaves those of vertical writing, and each that is shown alone, out of a
page's text. In a copy of the page such fonts are embedded, with a glyph for all letters that shows
nothing, so that these are found where they stand.
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
_SYMBOLIC = 4
_NOTHING = 0.01  # points, rounding
_PREDEFINED = ("-H", "-V")
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


def lacks_fonts(objects: Iterable[PageObject]) -> bool:
    """Whether some text of a page has no area, as it is in a font that PDFium does not have."""
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
            # Blanks have no height either, but fonts of these languages are symbolic.
            is_symbolic = raw.FPDFFont_GetFlags(font) & _SYMBOLIC
            if bounds.width < _NOTHING and (is_symbolic or bounds.height > _NOTHING):
                return True
            if bounds.height < _NOTHING and is_symbolic:
                return True
    return False


def embed_fonts(pdf: pikepdf.Pdf, page: Object) -> None:
    """Embed the fonts with predefined maps that a page and its forms name and do not have.

    Source: ISO 32000-1, 9.7.4 (CIDFonts), 9.7.5.2 (predefined CMaps, whose names end in H or V) and
    9.8.2 (flags of fonts).
    """
    file = pdf.make_stream(one_glyph_font(advance=1, ascent=0.005, descent=0))
    glyphs = pdf.make_stream(b"\0\1" * _MOST_CODES)
    for holder in (page, *shown_by(page)):
        fonts = holder.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
        for font in fonts.values():
            if not str(font.get("/Encoding", "")).endswith(_PREDEFINED):
                continue
            descendant = font.DescendantFonts[0]
            descriptor = descendant.FontDescriptor
            if not any(key in descriptor for key in _FONT_FILES):
                descriptor.FontFile2 = file
                descendant.Subtype = Name.CIDFontType2
                descendant.CIDToGIDMap = glyphs
