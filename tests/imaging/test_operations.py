from __future__ import annotations

import inspect
from contextlib import suppress
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server import bounds
from ocr_server.deadline import Deadline
from ocr_server.errors import DeadlinePassed
from ocr_server.imaging.canvas import Canvas, OperationResult
from ocr_server.imaging.glyphs import measure_x_height
from ocr_server.imaging.operations import (
    AUTO,
    LONGEST_STEPS,
    MOST_STEPS,
    OPERATIONS,
    parse_operations,
    run_operations,
)
from tests.words import draw_page

NOISE = np.random.default_rng(3).integers(0, 256, (90, 70)).astype(np.uint8)


def run(canvas: Canvas, *steps: str, deadline: Deadline | None = None) -> Canvas:
    left = deadline or Deadline.after(60)
    return run_operations(canvas, steps, deadline=left, with_engine={})[0]


def test_steps_are_asked_for_in_order_with_parameters_in_brackets() -> None:
    assert parse_operations("contrast, deskew , sauvola(k=0.3, window_px=31)") == (
        "contrast", "deskew", "sauvola(k=0.3, window_px=31)",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "steps"), [("auto", AUTO), ("none", ()), ("", ()), (" AUTO ", AUTO)]
)
def test_auto_and_none_stand_alone(text: str, steps: tuple[str, ...]) -> None:
    assert parse_operations(text) == steps


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sharpen", "'sharpen' (did you mean unsharp?) is not a step; there are contrast"),
        ("auto,deskew", "auto is the whole recipe"),
        ("otsu(k=1)", "otsu has no parameter 'k'; there are none"),
        ("sauvola(k=7)", "k takes a number from 0.01 to 1, not '7'"),
        ("sauvola(k=nan)", "not 'nan'"),
        ("sauvola(window_px=3.5)", "window_px takes a whole number from 3 to 501 px"),
        ("deskew(", "'deskew(' is not a step"),
        ("otsu,,otsu", "'' is not a step"),
        ("sauvola(k=0.3(", "is not a step"),
    ],
)
def test_a_fault_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        parse_operations(text)

    assert said in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"'one'.*'two'"):
        parse_operations("one,deskew,two")


def test_of_too_many_steps_only_the_first_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    compare = Mock(return_value=[])
    monkeypatch.setattr(bounds, "get_close_matches", compare)

    with pytest.raises(ValueError, match=f"^use at most {MOST_STEPS} steps$"):
        parse_operations("x," * 500)

    assert compare.call_count == MOST_STEPS


@pytest.mark.parametrize(
    "text",
    ["x," * LONGEST_STEPS, f"otsu,{' ' * LONGEST_STEPS}((", f"otsu({'k=1,' * LONGEST_STEPS})"],
)
def test_steps_that_are_too_long_are_not_looked_at(text: str) -> None:
    with pytest.raises(ValueError, match=f"^use at most {LONGEST_STEPS} characters$"):
        parse_operations(text)


@given(text=st.text(max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    steps: tuple[str, ...] = ()
    with suppress(ValueError):
        steps = parse_operations(text)

    assert parse_operations(",".join(steps)) == steps


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_table_has_the_function_s_own_parameters_and_defaults(name: str) -> None:
    step = OPERATIONS[name]
    if step.function is None:
        assert not step.parameters
        return
    _, *parameters = inspect.signature(step.function).parameters.values()

    assert {p.name: p.default for p in parameters} == {p.name: p.default for p in step.parameters}
    assert all(p.least <= p.default <= p.most for p in step.parameters)


@pytest.mark.parametrize("name", [name for name, step in OPERATIONS.items() if step.function])
@pytest.mark.parametrize(
    "pixels",
    [
        np.full((1, 1), 7, np.uint8),
        np.zeros((3, 200), np.uint8),
        np.full((200, 2), 255, np.uint8),
        NOISE, np.dstack([NOISE] * 3),
    ],
    ids=["one pixel", "black", "white", "noise", "colour"],
)  # fmt: skip
def test_a_step_takes_any_picture_and_leaves_it_as_it_was(name: str, pixels: np.ndarray) -> None:
    before = pixels.copy()

    canvas, (stage,) = run_operations(
        Canvas(pixels), (name,), deadline=Deadline.after(60), with_engine={}
    )

    assert canvas.pixels.dtype == np.uint8
    assert np.array_equal(pixels, before)
    assert stage.name == name
    assert stage.found or stage.did


@pytest.mark.parametrize("name", ["otsu", "adaptive", "sauvola", "wolf"])
def test_binarisation_keeps_ink_black_and_paper_white_under_a_shadow(name: str) -> None:
    page = draw_page(700, 500, size_px=40, margin_px=40)
    shade = np.linspace(1, 0.6, 700)
    ink = page.pixels < 100

    result = run(Canvas((60 + page.pixels * 0.7 * shade).astype(np.uint8)), name).pixels

    assert set(np.unique(result)) == {0, 255}
    assert (result[ink] == 0).mean() > 0.97
    assert (result[page.pixels == 255] == 255).mean() > 0.97


def test_bands_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    page = draw_page(600, 600, size_px=30, margin_px=20).canvas
    whole = run(page, "sauvola").pixels

    monkeypatch.setattr("ocr_server.imaging.binarize._BAND_PIXELS", 600 * 37)

    assert np.array_equal(run(page, "sauvola").pixels, whole)


def test_contrast_makes_paper_nearly_white_and_ink_black() -> None:
    page = draw_page(600, 400, size_px=40, margin_px=20, paper=150, ink=90)

    result = run(page.canvas, "contrast").pixels

    assert result[page.pixels == 150].mean() > 240
    assert result[page.pixels == 90].max() < 20


def test_flattening_makes_a_shadow_vanish() -> None:
    page = draw_page(900, 700, size_px=30, margin_px=50)
    shaded = (page.pixels * np.linspace(1, 0.5, 900)).astype(np.uint8)

    result = run(Canvas(shaded), "flatten").pixels

    assert np.ptp(result[page.pixels == 255]) < 30


def test_denoise_takes_out_specks() -> None:
    specks = np.full((50, 50), 255, np.uint8)
    specks[::10, ::10] = 0

    assert run(Canvas(specks), "denoise").pixels.min() == 255


@pytest.mark.parametrize("angle", [-12.0, -3.3, 0.7, 5.0, 14.0])
def test_deskew_finds_the_angle(angle: float) -> None:
    turned = Canvas(draw_page().canvas.rotated(angle, fill=255).pixels)

    level = run(turned, "deskew")

    left, right = level.to_page.apply((0, 0)), level.to_page.apply((100, 0))  # type: ignore[arg-type]  # points
    found = np.degrees(np.arctan2(right.y - left.y, right.x - left.x))
    assert found == pytest.approx(angle, abs=0.1)


@pytest.mark.parametrize("size_px", [20, 34, 70])
def test_scale_brings_small_letters_to_one_height(size_px: int) -> None:
    page = draw_page(1800, 1500, size_px=size_px)

    result = run(page.canvas, "scale(x_height_px=24)")

    # Letters are measured to within 15 %, before and after.
    assert measure_x_height(result.pixels) == pytest.approx(24, rel=0.2)


def test_rules_are_wiped_and_letters_are_not() -> None:
    page = draw_page(1000, 800, size_px=34, margin_px=60)
    ruled = page.pixels.copy()
    ruled[30:33, 20:980] = 0
    ruled[20:780, 40:42] = 0

    result = run(Canvas(ruled), "rules").pixels

    assert result[30:33, 60:960].min() > 200
    assert (result[page.pixels == 0] < 60).mean() > 0.99


def test_crop_cuts_away_the_table_around_a_sheet() -> None:
    table = np.full((1000, 1200), 60, np.uint8)
    table[150:900, 300:900] = 230

    result = run(Canvas(table), "crop")

    assert result.width_px == pytest.approx(600, abs=12)
    assert result.height_px == pytest.approx(750, abs=12)


def test_a_step_that_needs_an_engine_is_handed_in() -> None:
    canvas, (stage,) = run_operations(
        Canvas(NOISE),
        ("orientation",),
        deadline=Deadline.after(60),
        with_engine={
            "orientation": lambda c: OperationResult(c.rotated_90(1), "text turned", "turned")
        },
    )

    assert canvas.width_px == NOISE.shape[0]
    assert (stage.found, stage.did) == ("text turned", "turned")


def test_no_step_begins_after_the_deadline() -> None:
    with pytest.raises(DeadlinePassed):
        run(Canvas(NOISE), "otsu", deadline=Deadline.after(0))
