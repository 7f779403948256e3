"""A TrueType font of one glyph without ink, small enough to be written out here.

Source: OpenType 1.9, the chapters `glyf`, `head`, `hhea`, `hmtx`, `loca`, `maxp`.
"""

from __future__ import annotations

import struct

UNITS = 1000  # of a font's size


def one_glyph_font(*, advance: float, ascent: float, descent: float) -> bytes:
    """The font file, with the tables that an embedded CIDFontType2 needs (ISO 32000-1, 9.9).

    The glyph, number 1, is a line from the lower left corner of a letter's box to the upper right
    one and back: it has no ink. The lengths are in sizes of the font, from the baseline.
    """
    wide, high, deep = (round(length * UNITS) for length in (advance, ascent, descent))
    # One contour of two points, whose coordinates are steps from the point before.
    glyph = struct.pack(
        ">hhhhhHHBBhhhh",
        1, 0, -deep, wide, high, 1, 0, 1, 1, 0, wide, -deep, deep + high,
    )  # fmt: skip
    tables = {
        b"glyf": glyph,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0,
            0, -deep, wide, high, 0, 8, 2, 0, 0,
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x00010000, high, -deep, 0, wide, 0, 0, wide,
            1, 0, 0, 0, 0, 0, 0, 0, 2,
        ),
        b"hmtx": struct.pack(">HhHh", wide, 0, wide, 0),
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
