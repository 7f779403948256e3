from __future__ import annotations

import json
import math
from collections import Counter
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from benchmarks.contest import Contestant, compete, error_rate
from benchmarks.load import Load, quantile
from benchmarks.pictures import SHAPES, Picture, draw, pictures_in
from benchmarks.report import Section, Target, as_json, as_markdown, as_svg, targets_of
from benchmarks.speed import pictures_of


@pytest.mark.parametrize("kind", ["crop", "receipt", "page", "frame"])
def test_pictures_are_drawn_alike_in_every_run(kind: str) -> None:
    first, again, other = draw(kind, seed=1), draw(kind, seed=1), draw(kind, seed=2)

    assert first == again
    assert first.data != other.data
    assert first.truth != other.truth


def test_a_drawn_picture_has_the_size_of_its_kind_and_some_words() -> None:
    drawn = draw("receipt")

    with Image.open(BytesIO(drawn.data)) as picture:
        assert picture.size == (SHAPES["receipt"].width_px, SHAPES["receipt"].height_px)
        assert np.asarray(picture).min() < 64  # there is ink
    assert drawn.truth is not None
    assert len(drawn.truth.split()) > 20


def test_a_folder_gives_its_pictures_with_their_texts(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(draw("crop").data)
    (tmp_path / "a.gt.txt").write_text("words")
    (tmp_path / "notes.md").write_text("no picture")

    found = pictures_in(tmp_path)

    assert [(one.name, one.truth) for one in found] == [("a.png", "words"), ("b.png", None)]


def test_real_pictures_stand_before_drawn_ones(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(draw("crop").data)

    tables = pictures_of(tmp_path, ["crop", "receipt"])

    assert list(tables) == [tmp_path.name, "crop", "receipt"]
    assert [one.name for one in tables[tmp_path.name]] == ["a.png"]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.51, 3.0), (0.95, 4.0), (1.0, 4.0), (0.0, 1.0)]
)
def test_a_quantile_is_one_of_the_values(share: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_a_quantile_of_nothing_is_not_a_number() -> None:
    assert math.isnan(quantile([], 0.5))


def test_runs_of_the_same_add_up() -> None:
    total = Load(2.0, 1.0, [0.1, 0.3], Counter({200: 2}))

    total.add(Load(2.0, 3.0, [0.2, 0.4], Counter({200: 2, 429: 5})))

    assert total.per_s == 1.0
    assert total.cpu_each_s == 1.0
    assert total.retries == 5
    assert total.quantile_s(0.5) == 0.2


def test_misread_letters_are_counted_and_blanks_folded() -> None:
    assert error_rate("one  two\n", "one two") == 0
    assert error_rate("ore two", "one two") == pytest.approx(1 / 7)
    assert error_rate("", "one two") == 1


def test_contestants_take_turns_and_are_not_measured_cold() -> None:
    order: list[str] = []

    def contestant(name: str) -> Contestant:
        def read(picture: Picture) -> str:
            order.append(f"{name} {picture.name}")
            return "text"

        return Contestant(name, read, lambda: float(len(order)))

    pictures = [Picture("kind", "1", b"", "text"), Picture("kind", "2", b"", None)]

    results = compete([contestant("a"), contestant("b")], pictures, rounds=2)

    assert order == ["a 1", "b 1", *["a 1", "b 1", "a 2", "b 2"] * 2]
    assert len(results["a"].seconds) == 4
    assert results["b"].cpu_s == [1.0] * 4
    assert results["a"].errors == [0.0, 0.0]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("at most", 1.0, most=1.0), True),
        (Target("at most", 1.01, most=1.0), False),
        (Target("at least", 2.0, least=2.0), True),
        (Target("at least", 1.99, least=2.0), False),
    ],
)
def test_a_target_is_reached_at_its_limit(target: Target, *, expected: bool) -> None:
    assert target.is_reached is expected


SECTION = Section("Title", ("who", "s"), (("ours", 0.1234), ("none", None)), (
    Target("ratio", 0.8, most=0.7),
))  # fmt: skip


def test_figures_become_a_table_under_their_title() -> None:
    told = as_markdown(SECTION)

    assert told.startswith("### Title\n\n| who | s |\n| --- | ---: |\n")
    assert told.endswith("| ours | 0.123 |\n| none |  |\n")


def test_missed_targets_are_told() -> None:
    told = as_markdown(targets_of([SECTION]))

    assert told.endswith("| ratio | 0.800 | ≤ 0.7 | **no** |\n")


def test_figures_become_json_that_keeps_them_whole() -> None:
    told = json.loads(as_json("A machine.", [SECTION]))

    assert told["sections"][0]["rows"] == [["ours", 0.1234], ["none", None]]


def test_the_plot_is_svg_with_bars_as_long_as_their_values() -> None:
    drawn = as_svg("A & B", [("x", "ours", 1.0), ("y", "else", 2.0)], "s")
    plot = ElementTree.fromstring(drawn)  # noqa: S314  # our own

    bars = [int(bar.attrib["width"]) for bar in plot.iter("{http://www.w3.org/2000/svg}rect")]
    assert bars[1] == 2 * bars[0]
