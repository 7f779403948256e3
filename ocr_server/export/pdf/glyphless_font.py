"""A font without ink: text in it is there for searching and copying only.

A composite font (ISO 32000-1, 9.7) whose codes are given out as characters appear, so that any
script comes back through its ToUnicode map (9.10.3). It is embedded, as PDF/A asks: a TrueType
font of one glyph, small enough to be written out here. The glyph is a line there and back, from
one corner of the letter's box to the other: it has no area to fill, but readers that measure
letters by their outlines find the box.
"""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name

from ocr_server.pdf.one_glyph_font import UNITS, one_glyph_font

ADVANCE = 0.5  # of the font's size, each glyph
ASCENT, DESCENT = 0.8, 0.2  # of the font's size, above and below the baseline
_MOST_IN_A_BLOCK = 100  # entries of a bfchar block (Adobe Technical Note 5014, 1.4.1)

_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{blocks}endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


class GlyphlessFont:
    """One font for one PDF; `finish` after the last text."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._codes: dict[str, int] = {}
        self.object = pdf.make_indirect(Dictionary())

    def code(self, letters: str) -> int:
        """The code that comes back as these letters, which may be several."""
        return self._codes.setdefault(letters, len(self._codes) + 1)

    @property
    def is_used(self) -> bool:
        """Whether it has any codes."""
        return bool(self._codes)

    def finish(self) -> None:
        """Write the font, now that all its codes are known."""
        font_file = self._stream(one_glyph_font(advance=ADVANCE, ascent=ASCENT, descent=DESCENT))
        font_file.Length1 = len(font_file.read_raw_bytes())
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.GlyphLessFont,
            Flags=5,  # fixed pitch, symbolic
            FontBBox=Array([0, -DESCENT * UNITS, ADVANCE * UNITS, ASCENT * UNITS]),
            ItalicAngle=0,
            Ascent=ASCENT * UNITS,
            Descent=-DESCENT * UNITS,
            CapHeight=ASCENT * UNITS,
            StemV=80,
            FontFile2=font_file,
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.GlyphLessFont,
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=self._pdf.make_indirect(descriptor),
            DW=ADVANCE * UNITS,
            CIDToGIDMap=self._stream(b"\0\1" * (len(self._codes) + 1)),
        )
        self.object.Type = Name.Font
        self.object.Subtype = Name.Type0
        self.object.BaseFont = Name.GlyphLessFont
        self.object.Encoding = Name("/Identity-H")
        self.object.DescendantFonts = Array([self._pdf.make_indirect(descendant)])
        self.object.ToUnicode = self._stream("".join(self._to_unicode()).encode("ascii"))

    def _stream(self, data: bytes) -> pikepdf.Stream:
        return self._pdf.make_stream(data)

    def _to_unicode(self) -> Iterator[str]:
        entries = [
            f"<{code:04X}> <{letters.encode('utf-16-be', 'replace').hex().upper()}>\n"
            for letters, code in self._codes.items()
        ]
        blocks = []
        for start in range(0, len(entries), _MOST_IN_A_BLOCK):
            block = entries[start : start + _MOST_IN_A_BLOCK]
            blocks.append(f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n")
        yield _CMAP.format(blocks="".join(blocks))
