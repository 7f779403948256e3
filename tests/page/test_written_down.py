from __future__ import annotations

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page, Zone, ZoneKind, hull_of
from ocr_server.engines.engine import Engine, Script
from ocr_server.geometry import Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from ocr_server.page.written_down import is_read_across
from ocr_server.runtime.language_detector import rank
from tests.drawing import draw_lines
from tests.fakes import ReadsWords, line_of
from tests.page.test_language import Polyglot, zone_of

JAPANESE = "これは日本語で書かれた縦書きの文章ですから上から下へ右から左へと読みます"
PAGE = Canvas(np.asarray(draw_lines(*["Some words of a page"] * 8, width_px=900)))


def grid(text: str, *, columns: int = 5, down_px: float = 15, confidence: float = 0.8) -> Zone:
    """One sign a word, with 20 px from one to the next."""
    rows = [text[start : start + columns] for start in range(0, len(text), columns)]
    lines = tuple(
        line_of(tuple(row), confidence=confidence).mapped(Transform.shift(0, number * down_px))
        for number, row in enumerate(rows)
    )
    return Zone(ZoneKind.TEXT, hull_of(lines).quad(), lines)


@pytest.mark.parametrize(
    ("zone", "is_across"),
    [
        (grid(JAPANESE), True),
        (grid(JAPANESE, down_px=20), False),
        (grid(JAPANESE, down_px=40), False),
        (grid(JAPANESE[:10]), False),
        (grid("abcdefghijklmnopqrstuvwxyz"), False),
        (zone_of(JAPANESE, 0.9), False),
    ],
)
def test_signs_that_stand_nearer_below_each_other_than_beside_are_written_down(
    zone: Zone, is_across: bool
) -> None:
    assert is_read_across((zone,)) is is_across


def test_each_line_of_vertical_writing_is_in_order() -> None:
    turned = grid(JAPANESE).mapped(Transform((0, -1, 300, 1, 0, 0, 0, 0, 1)))

    assert not is_read_across((turned,))


class ReadsAcross(Polyglot):
    """Reads columns as rows, but in the languages of vertical writing."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        zones = super().recognise(canvas, options, deadline)
        is_dense = options.languages[0] in ("jpn", "chi_sim")
        return tuple(grid(zone.text.replace(" ", "")) for zone in zones) if is_dense else zones


def read(first: Engine, second: Engine | None = None, **asked: object) -> Page:
    installed = first.describe().languages
    options = ReadOptions(installed=installed, skip_stages=("missed",), **asked)  # type: ignore[arg-type]  # what the test asks
    context = ReadContext(first, Deadline.after(60), second_engine=second, rank_languages=rank)
    return read_page(PAGE, number=1, options=options, context=context)


def problems_of(page: Page) -> dict[str, str]:
    assert page.quality
    return {problem.code: problem.advice for problem in page.quality.problems}


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ({"jpn_vert": (JAPANESE, 0.9)}, "Ask with languages=jpn_vert."),
        ({}, "Whoever runs the server can install jpn_vert, or the second reader."),
    ],
)
def test_columns_that_were_read_in_rows_are_told(
    more: dict[str, tuple[str, float]], advice: str
) -> None:
    page = read(ReadsAcross({"jpn": (JAPANESE, 0.9), **more}), languages=("jpn",))

    assert problems_of(page)["vertical-writing"] == advice


def test_columns_of_japanese_are_read_by_the_model_of_vertical_writing() -> None:
    texts = {"eng": ("xx", 0.2), "jpn": (JAPANESE, 0.9), "jpn_vert": (JAPANESE, 0.9)}
    engine = ReadsAcross(texts, script=Script("Japanese", 2.0, 0))

    page = read(engine, auto_language=True)

    assert page.language
    assert page.language.codes == ("jpn_vert",)
    assert page.text == JAPANESE
    assert "vertical-writing" not in problems_of(page)


def test_columns_without_a_model_of_vertical_writing_are_read_by_the_second_reader() -> None:
    class Second(ReadsWords):
        name = "second"
        languages = ("chi_sim",)

    first = ReadsAcross({"chi_sim": (JAPANESE, 0.99)})
    page = read(first, Second(JAPANESE, confidence=0.3), languages=("chi_sim",))

    assert page.text == JAPANESE
    assert "vertical-writing" not in problems_of(page)
