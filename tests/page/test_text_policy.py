from __future__ import annotations

from pathlib import Path

import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page, StageRecord, TextSource
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box
from ocr_server.job import Limits, ReadOptions, TextLayerUse, ZoneSpec
from ocr_server.page.state import ReadContext
from ocr_server.page.text_policy import Recognise, read_pdf_page
from ocr_server.pdf.text_extraction import STAGE
from tests.export.documents import page, zone
from tests.export.pictures import noise, picture_pdf, typed_pdf

RECOGNISED = page(zone("Recognised", top=600), number=4, width_px=596, height_px=840)


def read(
    path: Path,
    options: ReadOptions,
    engine: Engine | None = None,
    recognise: Recognise = lambda **_: RECOGNISED,
) -> Page:
    """The page, with an engine that reads samples; without one, none may be read."""

    def context() -> ReadContext:
        assert engine is not None
        return ReadContext(engine, Deadline.after(60))

    return read_pdf_page(
        path, 0, number=4, options=options, limits=Limits(pdf_dpi=144), password=None,
        context=context, recognise=recognise,
    )  # fmt: skip


def with_layer(use: TextLayerUse) -> ReadOptions:
    return ReadOptions(text_layer=use)


def test_a_good_layer_is_used_instead_of_recognition(tmp_path: Path) -> None:
    typed = read(typed_pdf(tmp_path / "typed.pdf", "Typed text"), ReadOptions())

    assert (typed.number, typed.text, typed.dpi) == (4, "Typed text", 144)
    assert typed.source is TextSource.TEXT_LAYER
    assert typed.stages[0].found == "2 words"
    assert typed.confidence == pytest.approx(0.99)


def test_the_layer_is_left_alone_when_asked_to(tmp_path: Path) -> None:
    path = typed_pdf(tmp_path / "typed.pdf", "Typed text")
    zones = (ZoneSpec(Box(0, 0, 9, 9)),)

    assert read(path, with_layer(TextLayerUse.IGNORE)) is RECOGNISED
    assert read(path, ReadOptions(zones=zones)) is RECOGNISED


def test_a_page_without_a_layer_is_recognised_and_says_so(tmp_path: Path) -> None:
    scanned = read(picture_pdf(tmp_path / "scan.pdf", noise(298, 420)), ReadOptions())

    assert scanned.text == "Recognised"
    assert [(stage.name, stage.found, stage.did) for stage in scanned.stages] == [
        (STAGE, "no text", ""),
        *((stage.name, stage.found, stage.did) for stage in RECOGNISED.stages),
    ]
    assert scanned.source is TextSource.RECOGNISED


def test_a_mixed_page_has_its_own_text_and_that_of_its_pictures(tmp_path: Path) -> None:
    mixed = read(picture_pdf(tmp_path / "mixed.pdf", noise(298, 420), text="Stamp"), ReadOptions())

    assert mixed.text == "Stamp\n\nRecognised"
    assert mixed.source is TextSource.BOTH
    assert [one.source for one in mixed.zones] == [TextSource.TEXT_LAYER, TextSource.RECOGNISED]
    assert isinstance(mixed.stages[0], StageRecord)
    assert mixed.stages[0].did


def test_what_the_layer_lacks_is_recognised_without_its_text(tmp_path: Path) -> None:
    path = picture_pdf(tmp_path / "mixed.pdf", noise(298, 420), text="Stamp")
    shown = []

    def recognise(*, has_text: bool = True) -> Page:
        shown.append(has_text)
        return RECOGNISED

    read(path, ReadOptions(), recognise=recognise)
    read(path, with_layer(TextLayerUse.IGNORE), recognise=recognise)

    assert shown == [False, True]


@pytest.mark.parametrize("text", ["Stamp", ""])
def test_only_the_layer_is_read_when_asked_for(tmp_path: Path, text: str) -> None:
    path = picture_pdf(tmp_path / "mixed.pdf", noise(298, 420), text=text)

    assert read(path, with_layer(TextLayerUse.ONLY)).text == text
