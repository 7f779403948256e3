from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from scripts.training.batches import Mix, alone, as_input, draw_batches, to_height, vary
from scripts.training.sets import Line


def drawn(width_px: int = 300) -> np.ndarray:
    """Paper of 230 with dark strokes in the middle rows."""
    grey = np.full((64, width_px), 230, np.uint8)
    grey[20:44, 10 : width_px - 10 : 12] = 30
    return grey


def mix(tmp_path: Path, *texts: str, in_print: float = 0.0) -> Mix:
    """Lines of the given texts, and what writes `print`."""
    lines = []
    for number, text in enumerate(texts):
        picture = tmp_path / f"{number}.png"
        cv2.imwrite(str(picture), drawn(100 + 40 * number))
        corners = ((0.0, 10.0), (99.0, 10.0), (99.0, 50.0), (0.0, 50.0))
        lines.append(Line(picture, text, corners, "ours"))
    return Mix(lines, ((in_print, lambda: (drawn(), "print")),))


LETTERS = ["", *"abcdefghijklmnopqrstuvwxyzFT", " "]


def test_a_line_is_varied_otherwise_each_time_but_the_same_by_the_same_seed() -> None:
    draw = random.Random(3)
    first, second = vary(drawn(), draw), vary(drawn(), draw)

    assert first.shape[0] == second.shape[0] == 64
    assert first.shape != second.shape
    assert np.array_equal(first, vary(drawn(), random.Random(3)))


def test_outside_its_outline_a_line_is_paper() -> None:
    outline = ((0, 30), (299, 30), (299, 63), (0, 63))

    kept = alone(drawn(), outline)

    assert (kept[:22] > 225).all()
    assert np.array_equal(kept[40:], drawn()[40:])


def test_pictures_side_by_side_are_filled_up() -> None:
    together = as_input([to_height(drawn(320)), to_height(drawn(100))])

    assert together.shape == (2, 48, 240)
    assert together[1, :, 76:].max() == together[1, :, 76:].min() == 0
    assert -1 <= together.min() < together.max() <= 1


def test_batches_have_the_letters_of_their_lines(tmp_path: Path) -> None:
    batches = draw_batches(mix(tmp_path, "aab", "b c", "Ж"), LETTERS, 4, random.Random(0))

    seen = set()
    for pictures, labels in islice(batches, 12):
        assert pictures.shape[:2] == (4, 48)
        assert pictures.shape[2] % 64 == 0  # few widths: see STEP_PX
        for label in labels:
            seen.add("".join(LETTERS[number] for number in label))
    assert seen == {"aab", "b c"}  # what no class stands for is left out


def test_a_line_has_as_many_columns_as_its_letters_need(tmp_path: Path) -> None:
    text = "hhhhhhhhhhhhhhhhhhhhhhhhh"  # in 75 px: none has to stand between each two
    pictures, _ = next(draw_batches(mix(tmp_path, text), LETTERS, 2, random.Random(0)))

    assert pictures.shape[2] / 8 >= 2 * len(text) - 1


def test_the_share_of_print_is_written_with_fonts(tmp_path: Path) -> None:
    half = mix(tmp_path, "a", in_print=0.5)
    batches = islice(draw_batches(half, LETTERS, 4, random.Random(1)), 24)

    texts = ["".join(LETTERS[one] for one in label) for _, labels in batches for label in labels]

    assert set(texts) == {"a", "print"}
    assert 30 < texts.count("a") < 66  # of 96
