"""XML in pieces, and what hOCR and ALTO share about quads and symbols.

An element is written at a time, so that a long document never stands whole in memory.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ocr_server.document.model import Symbol, Word
from ocr_server.geometry import Quad

# Everything outside XML 1.0, production 2 (Char): control characters, surrogates, two nonchars.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text without the characters that XML forbids."""
    return _FORBIDDEN.sub("", text)


def element(
    tag: str, parent: ElementTree.Element | None = None, text: str = "", /, **attributes: str
) -> ElementTree.Element:
    """A new element, the last child of its parent; a trailing `_` of an attribute falls away."""
    clean = {name.rstrip("_"): xml_text(value) for name, value in attributes.items()}
    made = (
        ElementTree.Element(tag, clean)
        if parent is None
        else ElementTree.SubElement(parent, tag, clean)
    )
    made.text = xml_text(text) or None
    return made


def written(root: ElementTree.Element) -> bytes:
    """The element as UTF-8, without a declaration, a line break after it."""
    return ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def is_box(quad: Quad) -> bool:
    """Whether the quad is its own upright hull, to half a pixel."""
    box = quad.box.quad()
    return all(
        min(abs(point.x - corner.x) + abs(point.y - corner.y) for corner in box) < 0.5
        for point in quad
    )


def symbols_of(word: Word) -> tuple[Symbol, ...]:
    """The word's symbols, unless a correction made them those of another word."""
    seen = "".join(symbol.text for symbol in word.symbols)
    return word.symbols if seen == word.text else ()
