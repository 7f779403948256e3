"""Lines that a person has confirmed, as what networks and Tesseract learn from: an archive.

Each page with such lines is a picture and a PAGE file of the same name; each line is a picture
too, with its text in a file beside it (`.gt.txt`), as Tesseract's tesstrain takes it.

Source: PRImA, "PAGE XML for page content", schema of 2019-07-15.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from PIL import Image

from ocr_server import __version__
from ocr_server.document.model import Document, Line, Page, Zone
from ocr_server.errors import FormatUnavailable
from ocr_server.export.packing import PackedFile, pack
from ocr_server.export.picture import PageSource, draw_page, find_page_sources, with_zones
from ocr_server.export.rendering import Rendering
from ocr_server.export.xml import element, written
from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_MADE = "1980-01-01T00:00:00"  # the schema asks for a time; the same document gives the same bytes
_QUALITY = 92  # of the JPEG of a page; lines are cut from the page as it was sent


def render_training(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """An archive of the lines each word of which a person has checked.

    Raises:
        DocumentError: a source is damaged.
        FormatUnavailable: no line is confirmed, or there is no picture of the size that was read.
    """
    if not any(is_confirmed(line) for page in document.pages for line in page.lines):
        raise FormatUnavailable(
            "No line of the document is confirmed: a line is when each of its words is `checked`. "
            "On the desk, open a word, choose Whole line, and accept."
        )
    page_sources = with_zones(document, find_page_sources(document, sources, rendering))
    return pack(_files(page_sources, rendering))


def is_confirmed(line: Line) -> bool:
    """Whether a person has checked each word of a line."""
    return bool(line.words) and all(word.checked for word in line.words)


def _files(page_sources: Iterable[PageSource], rendering: Rendering) -> Iterator[PackedFile]:
    for page_source in page_sources:
        page = page_source.page
        lines = [line for line in page.lines if is_confirmed(line)]
        if not lines:
            continue
        picture, name = draw_page(page_source, rendering), f"page-{page.number}"
        yield PackedFile(
            f"{name}.jpg", [_encoded(picture, "JPEG", quality=_QUALITY)], is_compressed=True
        )
        yield PackedFile(f"{name}.xml", [_HEAD, written(_page(page, f"{name}.jpg"))])
        canvas = Canvas(np.asarray(picture))
        for number, line in enumerate(lines, 1):
            stem = f"{name}-line-{number}"
            try:
                cut = _cut(canvas, line.quad)
            except ValueError:  # its quad has no area
                continue
            yield PackedFile(f"{stem}.png", [cut], is_compressed=True)
            yield PackedFile(f"{stem}.gt.txt", [f"{line.text}\n".encode()])


def _cut(canvas: Canvas, quad: Quad) -> bytes:
    """The picture of a line, level, as large as it is on the page.

    Raises:
        ValueError: the quad has no area.
    """
    width, height = (
        max(1, round(min(length, canvas.width_px + canvas.height_px)))
        for length in (
            math.dist(quad.top_left, quad.top_right), math.dist(quad.top_left, quad.bottom_left),
        )
    )  # fmt: skip
    return _encoded(Image.fromarray(canvas.rectified(quad, width, height).pixels), "PNG")


def _encoded(picture: Image.Image, kind: str, **settings: int) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, kind, **settings)
    return encoded.getvalue()


def _page(page: Page, picture: str) -> Element:
    root = element("PcGts", xmlns=_NAMESPACE)
    metadata = element("Metadata", root)
    element("Creator", metadata, f"ocr_server {__version__}")
    element("Created", metadata, _MADE)
    element("LastChange", metadata, _MADE)
    shown = element(
        "Page", root, imageFilename=picture, imageWidth=str(page.width_px),
        imageHeight=str(page.height_px),
    )  # fmt: skip
    for number, zone in enumerate(page.zones, 1):
        if any(map(is_confirmed, zone.lines)):
            _zone(zone, shown, page, f"zone_{number}")
    return root


def _zone(zone: Zone, parent: Element, page: Page, identity: str) -> None:
    region = element("TextRegion", parent, id=identity)
    element("Coords", region, points=_points(zone.quad, page))
    for number, line in enumerate(filter(is_confirmed, zone.lines), 1):
        shown = element("TextLine", region, id=f"{identity}_line_{number}")
        element("Coords", shown, points=_points(line.quad, page))
        if len(line.baseline) > 1:
            element("Baseline", shown, points=_points(line.baseline, page))
        element("Unicode", element("TextEquiv", shown), line.text)


def _points(points: tuple[Point, ...], page: Page) -> str:
    """Whole pixels within the page, as the schema asks for."""
    xs = (round(min(max(point.x, 0), page.width_px)) for point in points)
    ys = (round(min(max(point.y, 0), page.height_px)) for point in points)
    return " ".join(f"{x},{y}" for x, y in zip(xs, ys, strict=True))
