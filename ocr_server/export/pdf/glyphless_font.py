"""A font without ink: text in it is there for searching and copying only.

A composite font (ISO 32000-1, 9.7) whose codes are given out as characters appear, so that any
script comes back through its ToUnicode map (9.10.3). It is embedded, as PDF/A asks: a TrueType
font of one glyph, small enough to be written out here. The glyph is a line there and back, from
one corner of the letter's box to the other: it has no area to fill, but readers that measure
letters by their outlines find the box.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name

ADVANCE = 0.5  # of the font's size, each glyph
ASCENT, DESCENT = 0.8, 0.2  # of the font's size, above and below the baseline
_UNITS = 1000
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
        font_file = self._stream(_true_type())
        font_file.Length1 = len(font_file.read_raw_bytes())
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.GlyphLessFont,
            Flags=5,  # fixed pitch, symbolic
            FontBBox=Array([0, -DESCENT * _UNITS, ADVANCE * _UNITS, ASCENT * _UNITS]),
            ItalicAngle=0,
            Ascent=ASCENT * _UNITS,
            Descent=-DESCENT * _UNITS,
            CapHeight=ASCENT * _UNITS,
            StemV=80,
            FontFile2=font_file,
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.GlyphLessFont,
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=self._pdf.make_indirect(descriptor),
            DW=ADVANCE * _UNITS,
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


def _true_type() -> bytes:
    """The font file: the tables that an embedded CIDFontType2 needs (ISO 32000-1, 9.9).

    Source: OpenType 1.9, the chapters `glyf`, `head`, `hhea`, `hmtx`, `loca`, `maxp`.
    """
    advance, ascent, descent = (round(v * _UNITS) for v in (ADVANCE, ASCENT, DESCENT))
    # One contour of two points, whose coordinates are steps from the point before.
    glyph = struct.pack(
        ">hhhhhHHBBhhhh",
        1, 0, -descent, advance, ascent, 1, 0, 1, 1, 0, advance, -descent, descent + ascent,
    )  # fmt: skip
    tables = {
        b"glyf": glyph,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, _UNITS, 0, 0,
            0, -descent, advance, ascent, 0, 8, 2, 0, 0,
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x00010000, ascent, -descent, 0, advance, 0, 0, advance,
            1, 0, 0, 0, 0, 0, 0, 0, 2,
        ),
        b"hmtx": struct.pack(">HhHh", advance, 0, advance, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">I14H", 0x00010000, 2, 2, 1, 0, 0, 2, *([0] * 8)),
    }  # fmt: skip
    place = 12 + 16 * len(tables)
    directory, body = b"", b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag, checksum, place + len(body), len(table))
        body += padded
    # Search range, entry selector and range shift follow from six tables.
    return struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, 32) + directory + body
