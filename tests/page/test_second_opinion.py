from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page, Zone
from ocr_server.engines import ENGINE_CHOICES, ENGINES, describe_choice
from ocr_server.engines.engine import Engine
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.engines.tesseract_cli import CALIBRATION
from ocr_server.errors import DeadlinePassed, EngineMissing
from ocr_server.geometry import Box, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions, ZoneSpec
from ocr_server.page.quality import ReadingResult
from ocr_server.page.reading import read_page
from ocr_server.page.second_opinion import is_better, limit_of
from ocr_server.page.state import PageState, ReadContext
from tests.drawing import draw_lines
from tests.fakes import AllBut, ReadsWords

PAGE = Canvas(np.asarray(draw_lines(*["Some words of a page"] * 8, width_px=900)))
SURE, DOUBTFUL = 0.99, 0.5
WORDS = ("Some", "words", "of", "a", "page")


class SecondEngine(ReadsWords):
    """Reads the words it was given; its confidences are calibrated as those of rapidocr."""

    name = "second"
    calibration = RapidocrEngine.calibration


def read(first: Engine, second: Engine | None, canvas: Canvas = PAGE, **asked: object) -> Page:
    return read_page(
        canvas,
        number=1,
        options=ReadOptions(**asked),  # type: ignore[arg-type]  # what the test asks
        context=ReadContext(first, Deadline.after(60), second_engine=second),
    )


def did(page: Page) -> list[str]:
    return [stage.did for stage in page.stages if stage.name == "second-reader"]


def test_a_page_that_was_read_well_is_not_read_again() -> None:
    second = SecondEngine("other", confidence=SURE)

    page = read(ReadsWords(*WORDS, confidence=SURE), second)

    assert (did(page), second.readings) == ([""], [])
    assert {zone.engine for zone in page.zones} == {"fake"}


def test_a_doubtful_page_is_read_again_and_says_by_whom() -> None:
    first = ReadsWords("Smoe", "wrds", confidence=DOUBTFUL)

    page = read(first, SecondEngine(*WORDS, confidence=SURE))

    assert did(page) == ["read again by the second reader"]
    assert page.text == "Some words of a page"
    assert {zone.engine for zone in page.zones} == {"second"}


def test_paper_that_is_not_white_makes_doubt_begin_sooner() -> None:
    white, grey = (
        PageState(
            ImageStatistics(canvas), ReadOptions(), ReadContext(ReadsWords(), Deadline.after(60))
        )
        for canvas in (PAGE, Canvas(PAGE.pixels // 2 + 60))
    )

    assert limit_of(white) < limit_of(grey)
    assert limit_of(replace(white, shade=30)) == limit_of(grey)
    assert limit_of(replace(white, shade=8)) == limit_of(white)


@pytest.mark.parametrize(
    ("letters", "beside", "is_kept"),
    [
        (93, 100, True),
        (100, 93, True),
        (85, 100, True),
        (75, 100, False),
        (0, 100, False),
        (100, 0, True),
        (0, 0, False),
    ],
)
def test_the_second_reading_is_kept_unless_it_has_clearly_fewer_letters(
    letters: int, beside: int, is_kept: bool
) -> None:
    second, first = (
        ReadingResult(0.9, 0.9, count, CALIBRATION, 0.78) for count in (letters, beside)
    )

    assert is_better(second, first) == is_kept


@pytest.mark.parametrize(
    "second",
    [
        SecondEngine(),  # finds nothing
        SecondEngine(*WORDS, confidence=0.6),  # is no surer: its confidences run higher
        SecondEngine("a", confidence=SURE),  # is sure of next to nothing
    ],
)
def test_what_is_no_better_is_not_kept(second: SecondEngine) -> None:
    first = ReadsWords(*WORDS * 10, confidence=0.7)

    page = read(first, second)

    assert len(second.readings) == 1
    assert (did(page), {zone.engine for zone in page.zones}) == ([""], {"fake"})


def test_a_language_it_does_not_know_is_never_its_business() -> None:
    second = SecondEngine(*WORDS, confidence=SURE)

    page = read(ReadsWords("x", confidence=DOUBTFUL), second, languages=("deu", "ara"))

    assert (did(page), second.readings) == ([""], [])


@pytest.mark.parametrize(("confidence", "is_asked"), [(0.5, True), (0.85, False)])
def test_vertical_writing_is_read_again_if_it_is_very_doubtful(
    confidence: float, is_asked: bool
) -> None:
    second = SecondEngine("第三十話", confidence=0.9)
    second.languages = ("jpn_vert",)

    page = read(ReadsWords("策ニ", confidence=confidence), second, languages=("jpn_vert",))

    assert len(second.readings) == is_asked
    assert page.text == ("第三十話" if is_asked else "策ニ")


def test_where_only_some_letters_may_be_read_it_is_not_asked() -> None:
    second = SecondEngine(*WORDS, confidence=SURE)

    page = read(ReadsWords("x", confidence=DOUBTFUL), second, alphabet="x")

    assert (did(page), second.readings) == ([""], [])


def test_each_zone_that_was_drawn_has_its_own_reader() -> None:
    zones = (ZoneSpec(Box(0, 0, 400, 90)), ZoneSpec(Box(0, 90, 400, 180)))
    first = ReadsWords("w", confidence=DOUBTFUL)

    page = read(first, SecondEngine(*WORDS, confidence=SURE), zones=zones)

    assert [zone.engine for zone in page.zones] == ["second", "second"]


def test_one_reader_alone_names_nobody() -> None:
    page = read(ReadsWords("x", confidence=DOUBTFUL), None)

    assert did(page) == [""]
    assert {zone.engine for zone in page.zones} == {None}


def test_the_verdict_is_that_on_the_reader_who_was_kept() -> None:
    first = ReadsWords("Smoe", confidence=DOUBTFUL)
    verdicts = [
        read(first, SecondEngine(*WORDS, confidence=confidence)).quality
        for confidence in (SURE, 0.93)
    ]

    # 0.93 is much for Tesseract and little for the second reader.
    assert verdicts[0] is not None
    assert verdicts[0].score > 0.9
    assert verdicts[1] is not None
    assert verdicts[1].score < 0.5


@pytest.mark.parametrize("missing", [("pytesseract", "tesserocr"), ("rapidocr",)])
def test_both_have_to_be_installed(missing: tuple[str, ...]) -> None:
    with pytest.raises(EngineMissing, match="Install"):
        describe_choice("best", AllBut(*missing))


def test_it_can_read_what_the_first_reader_can() -> None:
    info = ReadsWords().describe()

    assert describe_choice("best", lambda _: ReadsWords()) == replace(info, name="fake+fake")


def test_each_choice_names_engines_that_there_are() -> None:
    named = {name for choice in ENGINE_CHOICES.values() for name in (*choice.firsts, choice.second)}

    assert named - {None} == ENGINES.keys()


def test_what_would_be_dropped_as_guesses_does_not_count() -> None:
    texture = ReadsWords(*WORDS * 20, confidence=0.3)
    shade = np.linspace(0.9, 0.2, PAGE.width_px)
    street = Canvas((PAGE.pixels * shade).astype(np.uint8))

    page = read(texture, SecondEngine("WSQ", "3021", confidence=SURE), street)

    assert page.text == "WSQ 3021"


def test_what_the_second_reader_read_is_not_read_again_by_the_first() -> None:
    first = ReadsWords("Smoe", "wrds", confidence=DOUBTFUL)

    page = read(first, SecondEngine(*WORDS, confidence=SURE))

    found = {stage.name: stage.found for stage in page.stages}
    assert {found[name] for name in ("dewarp", "retry", "missed", "rows")} == {
        "read by the second reader"
    }
    assert len(first.readings) == 1


def test_the_first_reader_tries_again_where_the_second_is_no_better() -> None:
    first = ReadsWords(*WORDS * 10, confidence=0.7)

    read(first, SecondEngine())

    assert len(first.readings) > 1


@pytest.mark.parametrize(("missing", "readings"), [(0, 0), (10, 0), (11, 1)])
def test_doubt_begins_sooner_where_much_was_left_out(
    monkeypatch: pytest.MonkeyPatch, missing: int, readings: int
) -> None:
    monkeypatch.setattr("ocr_server.page.second_opinion.count_missing", lambda _: (missing, 100))
    second = SecondEngine(*WORDS, confidence=SURE)
    grey = Canvas(np.minimum(PAGE.pixels, 200))

    read(ReadsWords(*WORDS, confidence=0.95), second, grey)  # with an expected accuracy of 0.93

    assert len(second.readings) == readings


PARTS = Canvas(
    np.asarray(draw_lines(*["Some words of a page"] * 16, "", "", *["Some words of a page"] * 16))
)
LETTERS = WORDS * 10


class ReadsAllOver(SecondEngine):
    """Reads the words it was given in each of ten lines, from the top of a canvas to its bottom."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        (zone,) = super().recognise(canvas, options, deadline)
        steps = (Transform.shift(0, canvas.height_px * step / 10) for step in range(10))
        return tuple(zone.mapped(step) for step in steps)


def test_only_a_strip_of_a_hopeless_page_is_read_by_the_first_reader() -> None:
    first = ReadsWords(*LETTERS, confidence=DOUBTFUL)

    page = read(first, ReadsAllOver(*LETTERS, confidence=SURE), PARTS)

    assert {zone.engine for zone in page.zones} == {"second"}
    assert len(page.words) == 10 * len(LETTERS)
    assert len(first.readings) == 1


def test_the_whole_of_a_page_is_read_where_a_strip_of_it_is_not_hopeless() -> None:
    first = ReadsWords(*LETTERS, confidence=SURE)

    page = read(first, SecondEngine(*LETTERS, confidence=SURE), PARTS, skip_stages=("missed",))

    assert len(page.words) == 2 * len(LETTERS)
    assert len(first.readings) == 3


@pytest.mark.parametrize("asked", [{"auto_language": True}, {"skip_stages": ("second-reader",)}])
def test_all_parts_of_a_page_are_read_if_the_second_reader_may_not_be_asked(
    asked: dict[str, object],
) -> None:
    first = ReadsWords(*LETTERS, confidence=DOUBTFUL)

    page = read(first, SecondEngine(*LETTERS, confidence=SURE), PARTS, **asked)

    (found,) = (stage.found for stage in page.stages if stage.name == "read")
    assert found.startswith("100 words")


def test_the_whole_of_a_hopeless_page_is_read_by_the_first_reader_if_the_second_is_no_better() -> (
    None
):
    first = ReadsWords(*LETTERS, confidence=0.7)

    page = read(first, SecondEngine(), PARTS, skip_stages=("missed",))

    (found,) = (stage.found for stage in page.stages if stage.name == "read")
    assert found.startswith("50 words")
    assert len(page.words) == 100


class IsLate(SecondEngine):
    """Has no time to read."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        raise DeadlinePassed("It took too long.")


def test_a_page_of_which_a_part_is_unread_when_the_time_is_over_is_not_answered() -> None:
    late = IsLate()

    with pytest.raises(DeadlinePassed):
        read(ReadsWords(*LETTERS, confidence=DOUBTFUL), late, PARTS)
