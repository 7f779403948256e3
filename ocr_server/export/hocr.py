"""hOCR: HTML with the boxes of words, lines and zones.

Source: Thomas Breuel and Konstantin Baierer, "hOCR 1.2", 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import count, zip_longest
from pathlib import Path
from xml.etree.ElementTree import Element

from ocr_server.document.characters import has_blank
from ocr_server.document.model import Direction, Document, Line, Page, Word, Zone, ZoneKind, hull_of
from ocr_server.export.rendering import Rendering
from ocr_server.export.xml import element, is_box, symbols_of, written
from ocr_server.geometry import Box, Quad
from ocr_server.job import Detail

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>Recognised text</title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content="{system}"/>
<meta name="ocr-capabilities" content="{capabilities}"/>
<meta name="ocr-number-of-pages" content="{pages}"/>
<meta name="ocr-langs" content="{languages}"/>
</head>
<body>
"""
_CAPABILITIES = (
    "ocr_page ocr_carea ocr_photo ocr_separator ocr_table ocr_par ocr_line ocrx_word "
    "ocrp_lang ocrp_dir ocrp_poly ocrp_wconf"
)
_CLASSES = {
    ZoneKind.TEXT: "ocr_carea",
    ZoneKind.TABLE: "ocr_table",
    ZoneKind.PICTURE: "ocr_photo",
    ZoneKind.RULE: "ocr_separator",
}


def render_hocr(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Pages, zones, paragraphs, lines with baselines, and words with their confidence."""
    del sources  # hOCR shows no picture
    symbols = rendering.detail is Detail.SYMBOL
    yield _HEAD.format(
        system=escape(f"{document.engine.name} {document.engine.version}"),
        capabilities=f"{_CAPABILITIES} ocrx_cinfo" if symbols else _CAPABILITIES,
        pages=len(document.pages),
        languages=escape(" ".join(sorted(_languages(document))) or "unknown"),
    ).encode()
    for position, page in enumerate(document.pages):
        yield written(_page(page, position, symbols=symbols))
    yield b"</body>\n</html>\n"


def _languages(document: Document) -> set[str]:
    return {line.language for page in document.pages for line in page.lines if line.language}


def _page(page: Page, position: int, *, symbols: bool) -> Element:
    box = Box(0, 0, page.width_px, page.height_px)
    title = f"{_bbox(box)}; ppageno {position}"
    if page.dpi:
        title += f"; scan_res {round(page.dpi)} {round(page.dpi)}"
    shown = element("div", class_="ocr_page", id=f"page_{page.number}", title=title)
    paragraphs, lines, words = count(1), count(1), count(1)

    def name(kind: str, numbers: Iterator[int]) -> str:
        return f"{kind}_{page.number}_{next(numbers)}"

    for number, zone in enumerate(page.zones, 1):
        area = _area(zone, shown, f"block_{page.number}_{number}")
        for group in zone.paragraphs():
            paragraph = element(
                "p", area, class_="ocr_par", id=name("par", paragraphs),
                title=_bbox(hull_of(group)), **_speech(group[0]),
            )  # fmt: skip
            for line in group:
                span = element(
                    "span", paragraph, class_="ocr_line", id=name("line", lines),
                    title=_line_title(line),
                )  # fmt: skip
                span.tail = "\n"
                for word, after in zip_longest(line.words, line.words[1:]):
                    shown_word = _word(word, span, name("word", words), symbols=symbols)
                    shown_word.tail = " " if after and has_blank(word.text, after.text) else ""
    return shown


def _area(zone: Zone, parent: Element, identity: str) -> Element:
    return element("div", parent, class_=_CLASSES[zone.kind], id=identity, title=_place(zone.quad))


def _word(word: Word, parent: Element, identity: str, *, symbols: bool) -> Element:
    title = f"{_place(word.quad)}; x_wconf {round(word.certainty * 100)}"
    letters = symbols_of(word) if symbols else ()
    text = "" if letters else word.text
    span = element("span", parent, text, class_="ocrx_word", id=identity, title=title)
    for letter in letters:
        left, top, right, bottom = letter.quad.box.rounded()
        seen = f"x_bboxes {left} {top} {right} {bottom}; x_confs {letter.confidence * 100:.2f}"
        element("span", span, letter.text, class_="ocrx_cinfo", title=seen)
    return span


def _line_title(line: Line) -> str:
    angle = _textangle(line)
    turn = f"; textangle {angle}" if angle else f"; {_baseline(line)}"
    return f"{_place(line.quad)}{turn}"


def _textangle(line: Line) -> int:
    """Quarters of a turn against the clock, in degrees: 0, 90, 180 or 270."""
    return round(-line.quad.angle_deg / 90) % 4 * 90


def _baseline(line: Line) -> str:
    """Slope and offset, counted from the bottom left of the line's box."""
    start, end = line.baseline[0], line.baseline[-1]
    run = end.x - start.x
    slope = (end.y - start.y) / run if abs(run) > 1 else 0.0
    offset = start.y + (line.box.left - start.x) * slope - line.box.bottom
    return f"baseline {slope:.4f} {offset:.1f}"


def _place(quad: Quad) -> str:
    if is_box(quad):
        return _bbox(quad.box)
    corners = " ".join(f"{round(point.x)} {round(point.y)}" for point in quad)
    return f"{_bbox(quad.box)}; poly {corners}"


def _bbox(box: Box) -> str:
    return "bbox {} {} {} {}".format(*(max(0, value) for value in box.rounded()))


def _speech(line: Line) -> dict[str, str]:
    speech = {"lang": line.language} if line.language else {}
    if line.direction is Direction.RIGHT_TO_LEFT:
        speech["dir"] = "rtl"
    return speech
