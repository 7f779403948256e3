from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_server.document.model import Document
from ocr_server.errors import FormatUnavailable
from ocr_server.export.picture import render_png
from ocr_server.export.rendering import Rendering
from tests.export.documents import document, page, two_pages, word, zone
from tests.export.pictures import typed_pdf

GREEN, ORANGE, RED = (0, 158, 115), (230, 159, 0), (213, 94, 0)


def drawn(document: Document, *sources: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    data = b"".join(render_png(document, sources, Rendering()))
    return np.asarray(Image.open(io.BytesIO(data), formats=["PNG"]))


@pytest.fixture
def white(tmp_path: Path) -> Path:
    path = tmp_path / "white.png"
    Image.new("L", (600, 400), 255).save(path)
    return path


@pytest.mark.parametrize(("confidence", "colour"), [(0.95, GREEN), (0.7, ORANGE), (0.2, RED)])
def test_words_are_framed_in_the_colour_of_their_confidence(
    white: Path, confidence: float, colour: tuple[int, int, int]
) -> None:
    one = zone("x")
    words = (word("word", 200, 100, confidence=confidence),)
    one = replace(one, lines=(replace(one.lines[0], words=words),))

    pixels = drawn(document(page(one)), white)

    assert pixels.shape == (400, 600, 3)
    assert tuple(pixels[100, 220]) == colour
    assert tuple(pixels[110, 200]) == colour
    assert tuple(pixels[110, 220]) == (255, 255, 255)


def test_several_pages_are_refused_with_a_way_out(white: Path) -> None:
    with pytest.raises(FormatUnavailable, match="pages=1"):
        drawn(two_pages(), white)


def test_another_picture_is_refused(white: Path) -> None:
    with pytest.raises(FormatUnavailable, match="601 × 400"):
        drawn(document(page(zone("x"), width_px=601)), white)


def test_a_pdf_page_is_drawn_at_the_size_at_which_it_was_read(tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Typed")

    pixels = drawn(document(page(zone("x"), width_px=596, height_px=840)), typed)

    assert pixels.shape == (840, 596, 3)
