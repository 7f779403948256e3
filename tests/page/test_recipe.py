from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, Page, Word, Zone, ZoneKind
from ocr_server.errors import DeadlinePassed, InvalidOptions
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import measure_x_height
from ocr_server.imaging.operations import OPERATIONS
from ocr_server.job import ReadOptions, ZoneSpec
from ocr_server.page.reading import read_page
from ocr_server.page.recipe import LEFT_OUT, LINE_DETECTOR_RECIPE, RECIPE
from ocr_server.page.state import ReadContext
from tests.words import DrawnPage, SeeingEngine, distances_home, draw_page

MEDIAN_PX, WORST_PX = 1.0, 3.0  # at the resolution of the page


def read(canvas: Canvas, engine: SeeingEngine | None = None, **asked: object) -> Page:
    return read_page(
        canvas,
        number=1,
        options=ReadOptions(**asked),  # type: ignore[arg-type]  # whatever the test asks for
        context=ReadContext(engine or SeeingEngine(), Deadline.after(60)),
    )


def did(page: Page) -> dict[str, str]:
    return {stage.name: stage.did for stage in page.stages if stage.did}


def warp(page: DrawnPage, matrix: np.ndarray, width_px: int, height_px: int) -> DrawnPage:
    """The page seen through a 3 × 3 matrix that counts from pixel corners, as a camera would."""
    centred = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ matrix
    centred = centred @ np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    pixels = cv2.warpPerspective(
        page.pixels, centred, (width_px, height_px), flags=cv2.INTER_CUBIC, borderValue=(90,)
    )
    ends = [matrix @ (p.x, p.y, 1) for p in page.middles]
    return DrawnPage(pixels.astype(np.uint8), tuple(Point(x / w, y / w) for x, y, w in ends))


def turned_by(degrees: float, page: DrawnPage) -> DrawnPage:
    height, width = page.pixels.shape
    radians = np.deg2rad(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    x, y = width / 2, height / 2
    matrix = np.array(
        [[cos, -sin, x - x * cos + y * sin], [sin, cos, y - x * sin - y * cos], [0, 0, 1]]
    )
    warped = warp(page, matrix, width, height)
    pixels = np.where(warped.pixels == 90, 255, warped.pixels).astype(np.uint8)
    return DrawnPage(pixels, warped.middles)


def photographed(page: DrawnPage) -> DrawnPage:
    """A sheet on a dark table, seen at an angle."""
    height, width = page.pixels.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[180, 150], [1260, 210], [1330, 1590], [120, 1640]], np.float32)
    return warp(page, cv2.getPerspectiveTransform(corners, seen), 1450, 1800)


def curled(page: DrawnPage, rise_px: float) -> DrawnPage:
    """Lines that rise and fall along one wave over the page."""
    height, width = page.pixels.shape
    xs = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    waves = rise_px * np.sin((xs + 0.5) / width * 2 * np.pi)
    ys = np.arange(height, dtype=np.float32)[:, None] - waves
    pixels = cv2.remap(page.pixels, xs, ys.astype(np.float32), cv2.INTER_CUBIC, borderValue=255)
    moved = (Point(p.x, p.y + rise_px * np.sin(p.x / width * 2 * np.pi)) for p in page.middles)
    return DrawnPage(pixels.astype(np.uint8), tuple(moved))


def shaded(page: DrawnPage) -> DrawnPage:
    shade = np.linspace(0.95, 0.5, page.pixels.shape[1])
    return DrawnPage((page.pixels * shade).astype(np.uint8), page.middles)


def negative(page: DrawnPage) -> DrawnPage:
    return DrawnPage(255 - page.pixels, page.middles)


def ruled(page: DrawnPage) -> DrawnPage:
    """A grid between the lines of text and left and right of them."""
    pixels = page.pixels.copy()
    for y in (60, 90, 1440, 1470):
        pixels[y : y + 2, 40:1160] = 0
    for x in (40, 80, 1130, 1158):
        pixels[60:1472, x : x + 2] = 0
    return DrawnPage(pixels, page.middles)


@pytest.mark.parametrize(
    ("name", "drawn", "stage"),
    [
        ("straight", draw_page, None),
        ("skewed", lambda: turned_by(3.3, draw_page()), "deskew"),
        ("skewed the other way", lambda: turned_by(-7, draw_page()), "deskew"),
        ("large", lambda: draw_page(2400, 3000, size_px=68, margin_px=200), "scale"),
        ("small", lambda: draw_page(size_px=15), "scale"),
        ("negative", lambda: negative(draw_page()), "polarity"),
        ("close negative", lambda: negative(draw_page(size_px=60, margin_px=40)), "polarity"),
        ("shaded", lambda: shaded(draw_page(paper=230)), "flatten"),
        ("photographed", lambda: photographed(draw_page(paper=200)), "rectify"),
        ("ruled", lambda: ruled(draw_page()), "rules"),
    ],
)  # fmt: skip
def test_every_word_of_a_drawn_page_comes_home(
    name: str, drawn: Callable[[], DrawnPage], stage: str | None
) -> None:
    page = drawn()
    answer = read(page.canvas)
    apart = distances_home(page.middles, answer.words)

    assert stage is None or stage in did(answer), answer.stages
    assert np.median(apart) <= MEDIAN_PX
    assert apart.max() <= WORST_PX


def test_words_of_a_curled_page_come_home_if_levelling_reads_better() -> None:
    page = curled(draw_page(1600, 1500), 30)

    class BetterOnSecondSight(SeeingEngine):
        def recognise(self, *asked: object) -> tuple[Zone, ...]:
            self.confidence = 0.95 if self.canvases else 0.8
            return super().recognise(*asked)  # type: ignore[arg-type]  # passed on as they came

    answer = read(page.canvas, BetterOnSecondSight())
    apart = distances_home(page.middles, answer.words)

    assert "dewarp" in did(answer)
    assert np.median(apart) <= MEDIAN_PX
    assert apart.max() <= WORST_PX


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_words_of_a_turned_page_come_home(quarters: int) -> None:
    upright = draw_page(1300, 1500)
    canvas = Canvas(upright.canvas.rotated_90(quarters).pixels)
    turn = upright.canvas.rotated_90(quarters)
    middles = tuple(turn.to_page.inverse().apply_all(upright.middles))

    answer = read(canvas, KnowsUp(upright))

    assert did(answer)["orientation" if quarters != 2 else "upside-down"] == "turned upright"
    apart = distances_home(middles, answer.words)
    assert np.median(apart) <= MEDIAN_PX
    assert apart.max() <= WORST_PX
    top = answer.words[0].quad
    assert round(top.angle_deg) % 360 == 90 * quarters  # the quad begins at the text's own left


class KnowsUp(SeeingEngine):
    """Is confident where the ragged side of the lines is on the right."""

    def __init__(self, upright: DrawnPage) -> None:
        super().__init__()
        self.upright = upright

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.confidence = 0.95 if self._is_upright(canvas.pixels) else 0.3
        return super().recognise(canvas, options, deadline)

    def _is_upright(self, pixels: Pixels) -> bool:
        """Whether a word of the upright page is found in it, as it was drawn or smaller."""
        word = Canvas(self.upright.pixels[125:160, 190:290])
        smaller = word.scaled(16 / measure_x_height(self.upright.pixels))
        if pixels.shape < word.pixels.shape or pixels.shape[1] < word.width_px:
            return False
        return any(
            cv2.matchTemplate(pixels, one.pixels, cv2.TM_CCOEFF_NORMED).max() > 0.9
            for one in (word, smaller)
        )


@pytest.mark.parametrize("name", [name for name, step in OPERATIONS.items() if step.function])
def test_words_come_home_after_each_single_step(name: str) -> None:
    page = draw_page()
    page = turned_by(4, page) if name == "deskew" else page
    page = negative(page) if name == "invert" else page
    page = photographed(page) if name in {"rectify", "crop"} else page
    page = curled(page, 20) if name == "dewarp" else page

    answer = read(page.canvas, operations=(name,))

    apart = distances_home(page.middles, answer.words)
    assert [stage.name for stage in answer.stages] == [name, "read", "language"]
    assert np.median(apart) <= MEDIAN_PX
    assert apart.max() <= WORST_PX


def test_without_steps_the_page_is_read_as_it_is() -> None:
    engine = SeeingEngine()
    page = turned_by(3, draw_page())

    read(page.canvas, engine, operations=())

    assert len(engine.canvases) == 1
    assert np.array_equal(engine.canvases[0].pixels, page.pixels)


def test_a_zone_that_was_asked_for_stays_exactly_where_it_was_drawn() -> None:
    page = draw_page()
    boxes = (Box(110.5, 100, 700, 420), Box(150, 900, 1100, 950), Box(0, 0, 60, 60))
    asked = tuple(ZoneSpec(box, name=f"field {i}") for i, box in enumerate(boxes))

    answer = read(page.canvas, zones=asked)

    assert tuple(zone.box for zone in answer.zones) == boxes
    assert [zone.name for zone in answer.zones] == ["field 0", "field 1", "field 2"]
    assert answer.zones[0].words
    assert not answer.zones[2].words
    assert all(_inside(word, boxes[0]) for word in answer.zones[0].words)


def test_a_zone_has_its_own_layout_and_alphabet() -> None:
    engine = SeeingEngine()
    zone = ZoneSpec(Box(100, 100, 900, 900), psm=6, alphabet="0123456789")

    read(draw_page().canvas, engine, zones=(zone,), psm=3)

    assert engine.readings[0].psm == 6
    assert engine.readings[0].alphabet == "0123456789"


def test_a_zone_beside_the_page_is_refused_before_the_others_are_read() -> None:
    canvas, engine = draw_page().canvas, SeeingEngine()
    zones = (ZoneSpec(Box(0, 0, 500, 500)), ZoneSpec(Box(5000, 0, 5100, 50)))

    with pytest.raises(InvalidOptions, match=f"{canvas.width_px} × {canvas.height_px}") as caught:
        read(canvas, engine, zones=zones)

    assert "5000, 0, 5100, 50" in caught.value.message
    assert not engine.readings


def test_words_of_a_fax_come_home() -> None:
    page = draw_page()
    flat = cv2.resize(page.pixels, (1200, 750), interpolation=cv2.INTER_AREA)
    middles = tuple(Point(p.x, p.y / 2) for p in page.middles)

    answer = read(Canvas(flat.astype(np.uint8), pixel_aspect=2.0))

    assert (answer.width_px, answer.height_px) == (1200, 750)
    assert distances_home(middles, answer.words).max() <= WORST_PX


def test_of_blank_paper_nothing_is_read() -> None:
    class Guesses(SeeingEngine):
        def recognise(self, canvas: Canvas, *_: object) -> tuple[Zone, ...]:
            return guessed(canvas, 0.3)

    answer = read(Canvas(np.full((25, 200), 255, np.uint8)), Guesses())

    assert not answer.words


def test_no_word_reaches_beyond_the_page_that_it_is_on() -> None:
    class Fills(SeeingEngine):
        def recognise(self, canvas: Canvas, *_: object) -> tuple[Zone, ...]:
            return guessed(canvas, 0.9)

    pixels = draw_page(300, 60, size_px=24, margin_px=0, bottom_px=60).pixels

    answer = read(Canvas(pixels), Fills())

    assert [word.box for word in answer.words] == [Box(0, 0, 300, 60)]


def guessed(canvas: Canvas, confidence: float) -> tuple[Zone, ...]:
    """One word all over the canvas, the margin included."""
    quad = canvas.box.quad()
    line = Line(
        (Word("ee", quad, confidence),), quad, (quad.bottom_left, quad.bottom_right), x_height_px=9
    )
    return (Zone(ZoneKind.TEXT, quad, (line,)),)


def test_words_under_the_least_confidence_are_left_out() -> None:
    page = draw_page()

    assert not read(page.canvas, SeeingEngine(0.7), min_confidence=0.8).words
    assert read(page.canvas, SeeingEngine(0.7), min_confidence=0.6).words


def test_rules_between_blocks_of_text_are_not_wiped_out() -> None:
    pixels = draw_page(size_px=24).pixels.copy()
    for x in (40, 600, 1157):
        pixels[60:1440, x : x + 3] = 0
    for y in (60, 750, 1437):
        pixels[y : y + 3, 40:1160] = 0

    answer = read(Canvas(pixels))

    assert "rules" not in did(answer)
    assert any("around blocks of text" in stage.found for stage in answer.stages)


def test_guesses_in_a_picture_of_no_page_are_dropped_and_that_is_said() -> None:
    page = draw_page()
    shade = np.linspace(0.25, 1, page.pixels.shape[1])

    answer = read(Canvas((page.pixels * shade).astype(np.uint8)), SeeingEngine(0.3))

    assert not answer.words
    assert "dropped" in did(answer)["junk"]


def test_guesses_on_even_paper_are_kept() -> None:
    answer = read(draw_page().canvas, SeeingEngine(0.3))

    assert answer.words
    assert "junk" not in did(answer)


def test_what_is_read_into_rules_is_dropped_and_dashes_are_kept() -> None:
    class ReadsRules(SeeingEngine):
        def recognise(self, *asked: object) -> tuple[Zone, ...]:
            (zone,) = super().recognise(*asked)  # type: ignore[arg-type]  # passed on
            (line,) = zone.lines
            rule = Box(100, 20, 600, 30).quad()
            more = (Word("ee", rule, 0.2), Word("\u2014", rule, 0.2), Word("A", rule, 0.9))
            return (replace(zone, lines=(replace(line, words=(*more, *line.words)),)),)

    answer = read(draw_page().canvas, ReadsRules())

    texts = {word.text for word in answer.words}
    assert texts == {"\u2014", "A", "word"}
    assert "dropped" in did(answer)["junk"]


def test_vertical_writing_is_read_as_it_was_sent() -> None:
    engine = SeeingEngine()
    page = turned_by(5, draw_page())

    answer = read(page.canvas, engine, languages=("jpn_vert",), psm=5)

    assert np.array_equal(engine.canvases[0].pixels, page.pixels)
    assert "vertical" in answer.stages[0].found


def test_so_are_zones_of_it() -> None:
    box = Box(100, 100, 900, 900)

    answer = read(draw_page().canvas, languages=("jpn_vert",), psm=5, zones=(ZoneSpec(box),))

    assert [stage.name for stage in answer.stages] == ["recipe", "read", "second-reader"]


def test_the_same_picture_is_read_the_same_way_twice() -> None:
    page = photographed(turned_by(2, draw_page()))

    first, second = (read(page.canvas) for _ in range(2))

    assert first.zones == second.zones
    assert [(s.name, s.found, s.did) for s in first.stages] == [
        (s.name, s.found, s.did) for s in second.stages
    ]


def test_every_stage_of_the_recipe_reports() -> None:
    answer = read(draw_page().canvas)

    assert [stage.name for stage in answer.stages] == [name for name, _ in RECIPE]
    assert all(stage.found for stage in answer.stages)
    assert all(stage.ms >= 0 for stage in answer.stages)


def test_stages_are_left_out_as_asked_and_say_so() -> None:
    page = turned_by(3, draw_page())
    asked = {stage.name: stage for stage in read(page.canvas).stages}
    assert asked["deskew"].did

    answer = read(page.canvas, skip_stages=("deskew", "retry"))

    left_out = [stage.name for stage in answer.stages if stage.found == LEFT_OUT]
    assert left_out == ["deskew", "retry"]
    assert not any(stage.did for stage in answer.stages if stage.name in left_out)
    assert [stage.name for stage in answer.stages] == [name for name, _ in RECIPE]
    assert all(asked["polarity"].found == s.found for s in answer.stages if s.name == "polarity")


class RunsLate(SeeingEngine):
    """Has no time left for the readings that `is_late` names."""

    is_late: Callable[[ReadOptions], bool]

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        if self.is_late(options):
            raise deadline.passed()
        return super().recognise(canvas, options, deadline)


def test_a_deadline_that_passes_before_anything_is_read_is_an_error() -> None:
    with pytest.raises(DeadlinePassed):
        read_page(
            draw_page().canvas, number=1, options=ReadOptions(),
            context=ReadContext(SeeingEngine(), Deadline.after(0)),
        )  # fmt: skip


def test_what_the_deadline_cut_off_is_said_and_the_page_is_kept() -> None:
    engine = RunsLate(0.7)
    engine.is_late = lambda _: bool(engine.canvases)

    answer = read(draw_page(bottom_px=500).canvas, engine)

    retry = next(stage for stage in answer.stages if stage.name == "retry")
    assert answer.words
    assert "the time was over" in retry.found


def test_zones_read_before_the_deadline_are_kept() -> None:
    engine = RunsLate()
    engine.is_late = lambda options: bool(options.alphabet)
    first = ZoneSpec(Box(100, 100, 900, 900))
    second = ZoneSpec(first.box, alphabet="0123456789")

    answer = read(draw_page().canvas, engine, zones=(first, second))

    assert answer.zones[0].words
    assert not answer.zones[1].words
    assert any("zone 2" in s.found and "the time was over" in s.found for s in answer.stages)
    with pytest.raises(DeadlinePassed):
        read(draw_page().canvas, engine, zones=(second, first))


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (7, 9), (300, 300), (151, 151)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_and_tiny_pictures_have_no_words(shape: tuple[int, int], level: int) -> None:
    answer = read(Canvas(np.full(shape, level, np.uint8)))

    assert not answer.words


@pytest.mark.parametrize(
    ("height_px", "size_px", "lines", "read_px"),
    [
        (20, 9, 1, 48),  # too low to tell how high its letters are
        (66, 28, 1, 66),
        (100, 38, 1, 67),  # large letters take longer, and read no better
        (100, 70, 1, 64),
        (140, 28, 2, 140),  # letters of several lines would be too small at such a height
        (150, 50, 2, 150),
    ],
)
def test_a_snippet_is_read_at_the_size_of_its_letters(
    height_px: int, size_px: int, lines: int, read_px: int
) -> None:
    picture = Image.new("L", (600, height_px), 255)
    font = ImageFont.load_default(size_px)
    for number in range(lines):
        ImageDraw.Draw(picture).text(
            (8, number * height_px / lines), "more sun over warm seas", fill=0, font=font
        )
    engine = SeeingEngine()

    read(Canvas(np.asarray(picture)), engine)

    margins_px = 2 * 10
    assert engine.canvases[0].height_px - margins_px == pytest.approx(read_px, abs=3)


def test_colour_is_read_like_its_grey() -> None:
    page = draw_page()

    answer = read(Canvas(np.dstack([page.pixels] * 3)))

    assert answer.zones == read(page.canvas).zones


def _inside(word: Word, box: Box) -> bool:
    return box.left - 1 <= word.box.left and word.box.right <= box.right + 1


class FindsLines(SeeingEngine):
    """Finds lines by itself."""

    finds_lines = True


def test_an_engine_that_finds_lines_by_itself_has_a_recipe_of_its_own() -> None:
    page = read(Canvas(draw_page().pixels), FindsLines())

    assert [stage.name for stage in page.stages] == [name for name, _ in LINE_DETECTOR_RECIPE]
    assert page.words
