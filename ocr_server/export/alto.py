"""ALTO: what libraries and archives keep of a page's text and layout.

Source: ALTO Editorial Board, "ALTO XML schema 4.4", Library of Congress, 2022.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ocr_server import __version__
from ocr_server.document.characters import has_blank
from ocr_server.document.model import Direction, Document, Line, Page, Word, Zone, ZoneKind, hull_of
from ocr_server.export.rendering import Rendering
from ocr_server.export.xml import element, is_box, symbols_of, written
from ocr_server.geometry import Box, Point, Quad
from ocr_server.job import Detail

_HEAD = b"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# \
http://www.loc.gov/standards/alto/v4/alto-4-4.xsd" SCHEMAVERSION="4.4">
"""
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")  # XML Schema's xsd:language
_DIRECTIONS = {
    Direction.LEFT_TO_RIGHT: "ltr",
    Direction.RIGHT_TO_LEFT: "rtl",
    Direction.TOP_TO_BOTTOM: "ttb",
}
_ELEMENTS = {ZoneKind.PICTURE: "Illustration", ZoneKind.RULE: "GraphicalElement"}


def render_alto(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """What was done to each page, then pages, zones, paragraphs, lines and words."""
    del sources  # ALTO shows no picture
    yield _HEAD + written(_description(document)) + b"<Layout>\n"
    for page in document.pages:
        yield written(_page(page, symbols=rendering.detail is Detail.SYMBOL))
    yield b"</Layout>\n</alto>\n"


def _description(document: Document) -> Element:
    description = element("Description")
    element("MeasurementUnit", description, "pixel")
    for page in document.pages:
        step = element("Processing", description, ID=_processing(page))
        element("processingCategory", step, "contentGeneration")
        for stage in page.stages:
            summary = ": ".join(text for text in (stage.name, stage.found) if text)
            element(
                "processingStepDescription",
                step,
                f"{summary} → {stage.did}" if stage.did else summary,
            )
        element("processingStepSettings", step, f"engine {document.engine.name}")
        software = element("processingSoftware", step)
        element("softwareCreator", software, "ocr_server")
        element("softwareName", software, "ocr_server")
        element("softwareVersion", software, __version__)
        element(
            "applicationDescription",
            software,
            f"read by {document.engine.name} {document.engine.version}",
        )
    return description


def _processing(page: Page) -> str:
    return f"processing_{page.number}"


def _page(page: Page, *, symbols: bool) -> Element:
    size = {"WIDTH": str(page.width_px), "HEIGHT": str(page.height_px)}
    shown = element(
        "Page", ID=f"page_{page.number}", PHYSICAL_IMG_NR=str(page.number),
        PROCESSINGREFS=_processing(page), PC=_share(page.confidence), **size,
    )  # fmt: skip
    space = element("PrintSpace", shown, HPOS="0", VPOS="0", **size)
    for number, zone in enumerate(page.zones, 1):
        _zone(zone, space, f"{page.number}_{number}", symbols=symbols)
    return shown


def _zone(zone: Zone, parent: Element, number: str, *, symbols: bool) -> None:
    if not zone.lines and zone.kind in _ELEMENTS:
        shown = element(_ELEMENTS[zone.kind], parent, ID=f"{zone.kind}_{number}", **_box(zone.box))
        _shape(zone.quad, shown)
        return
    block = element(
        "ComposedBlock", parent, ID=f"zone_{number}", TYPE=zone.kind.value, **_box(zone.box)
    )
    _shape(zone.quad, block)
    for position, lines in enumerate(zone.paragraphs(), 1):
        paragraph = element(
            "TextBlock", block, ID=f"paragraph_{number}_{position}",
            **_box(hull_of(lines)), **_speech(lines[0]),
        )  # fmt: skip
        for count, line in enumerate(lines, 1):
            _line(line, paragraph, f"{number}_{position}_{count}", symbols=symbols)


def _line(line: Line, parent: Element, number: str, *, symbols: bool) -> None:
    if not line.words:
        return
    shown = element(
        "TextLine", parent, ID=f"line_{number}", BASELINE=_points(line.baseline),
        **_box(line.box), **_speech(line),
    )  # fmt: skip
    _shape(line.quad, shown)
    for position, word in enumerate(line.words, 1):
        if position > 1 and has_blank(line.words[position - 2].text, word.text):
            element("SP", shown)
        _word(word, shown, f"word_{number}_{position}", symbols=symbols)


def _word(word: Word, parent: Element, identity: str, *, symbols: bool) -> None:
    shown = element(
        "String", parent, ID=identity, CONTENT=word.text,
        WC=_share(word.certainty), **_box(word.box),
    )  # fmt: skip
    if word.checked:
        shown.set("CS", "true")
    _shape(word.quad, shown)
    if word.corrected_from is not None:
        element("ALTERNATIVE", shown, word.corrected_from, PURPOSE="as recognised")
    for other in word.alternatives:
        element("ALTERNATIVE", shown, other.text, PURPOSE=other.source)
    letters = symbols_of(word) if symbols else ()
    if all(len(letter.text) == 1 for letter in letters):  # what the schema asks of a Glyph
        for letter in letters:
            element(
                "Glyph", shown, CONTENT=letter.text, GC=_share(letter.confidence),
                **_box(letter.quad.box),
            )  # fmt: skip


def _shape(quad: Quad, parent: Element) -> None:
    """A polygon of the corners, unless the quad is its box."""
    if not is_box(quad):
        element("Polygon", element("Shape", parent), POINTS=_points(quad))


def _box(box: Box) -> dict[str, str]:
    return {
        "HPOS": _number(box.left),
        "VPOS": _number(box.top),
        "WIDTH": _number(box.width),
        "HEIGHT": _number(box.height),
    }


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(point.x)},{_number(point.y)}" for point in points)


def _speech(line: Line) -> dict[str, str]:
    speech = {"BASEDIRECTION": _DIRECTIONS[line.direction]}
    language = (line.language or "").replace("_", "-")
    if _LANGUAGE.fullmatch(language):
        speech["LANG"] = language
    return speech


def _share(confidence: float) -> str:
    return _number(min(max(confidence, 0.0), 1.0), 4)


def _number(value: float, decimals: int = 1) -> str:
    return f"{round(value, decimals) or 0:g}" if abs(value) < 1e5 else f"{value:.{decimals}f}"
