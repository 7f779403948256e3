from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.imaging.banners import lighten_banners
from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.statistics import ImageStatistics

WORDS = "Some words of a page that a banner parts"
TOP_PX, BOTTOM_PX = 100, 160
FONT = ImageFont.load_default(32)


def with_banner(ground: int, ink: int, heading: str = "A heading of it") -> Pixels:
    picture = Image.new("L", (900, 420), 255)
    draw = ImageDraw.Draw(picture)
    for top_px in (20, 60, 180, 230, 280, 330):
        draw.text((40, top_px), WORDS, fill=10, font=FONT)
    if ground < 255:
        draw.rectangle((40, TOP_PX, 859, BOTTOM_PX - 1), fill=ground)
    draw.text((60, TOP_PX + 10), heading, fill=ink, font=FONT)
    return np.array(picture)


def lightened(pixels: Pixels) -> OperationResult:
    statistics = ImageStatistics(Canvas(pixels))
    unit = statistics.x_height_px / statistics.ratio
    return lighten_banners(
        statistics.canvas, statistics.small, paper=statistics.paper.level, unit=unit
    )


@pytest.mark.parametrize(("ground", "ink"), [(90, 250), (120, 250), (120, 10), (160, 255)])
def test_print_on_a_grey_banner_becomes_dark_on_white(ground: int, ink: int) -> None:
    pixels = with_banner(ground, ink)

    outcome = lightened(pixels)

    banner = outcome.canvas.pixels[TOP_PX:BOTTOM_PX, 40:860]
    assert np.median(banner) > 235
    was_ink = np.abs(pixels[TOP_PX:BOTTOM_PX, 40:860].astype(int) - ink) < 4
    assert was_ink.any()
    assert np.median(banner[was_ink]) < 60
    assert np.array_equal(outcome.canvas.pixels[BOTTOM_PX + 12 :], pixels[BOTTOM_PX + 12 :])
    assert outcome.did


def test_the_rules_of_a_table_stay_round_the_grey_row_of_its_head() -> None:
    pixels = with_banner(160, 10)
    for top in (TOP_PX - 1, BOTTOM_PX - 1):
        pixels[top : top + 2, 40:860] = 10
    pixels[TOP_PX:220, 600:602] = 10

    outcome = lightened(pixels)

    banner = outcome.canvas.pixels
    assert outcome.did
    assert (banner[TOP_PX - 1 : TOP_PX + 1, 60:590] < 60).all()
    assert (banner[BOTTOM_PX - 1 : BOTTOM_PX + 1, 60:590] < 60).all()
    assert (banner[TOP_PX:220, 600:602] < 60).all()


def test_what_is_black_or_has_no_print_on_it_is_no_banner() -> None:
    plain, bar, black = with_banner(255, 10), with_banner(90, 90), with_banner(20, 250)
    rule = with_banner(255, 10, "")
    rule[TOP_PX + 20 : TOP_PX + 26, 40:860] = 0
    halftone = with_banner(120, 120)
    noise = np.random.default_rng(1).integers(0, 200, (BOTTOM_PX - TOP_PX, 820))
    halftone[TOP_PX:BOTTOM_PX, 40:860] = noise

    for pixels in (plain, bar, black, rule, halftone):
        outcome = lightened(pixels)

        assert not outcome.did
        assert np.array_equal(outcome.canvas.pixels, pixels)
