from __future__ import annotations

import numpy as np

from ocr_server.imaging.canvas import Pixels
from ocr_server.station.camera import Steadiness


def frame(level: int, *, seed: int) -> Pixels:
    """A sheet of one brightness on a dark table, with a camera's noise."""
    pixels = np.full((240, 320, 3), 40, dtype=np.float64)
    pixels[60:180, 80:240] = level
    noise = np.random.default_rng(seed).normal(0, 4, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def read_ones(levels: list[int]) -> list[int]:
    steadiness = Steadiness()
    return [
        number
        for number, level in enumerate(levels)
        if steadiness.is_worth_reading(frame(level, seed=number))
    ]


def test_a_steady_picture_is_read_once() -> None:
    assert len(read_ones([200] * 30)) == 1


def test_a_picture_that_changed_is_read_when_it_is_steady_again() -> None:
    changes = [200] * 10 + [100, 160, 90, 170] + [120] * 10

    first, second = read_ones(changes)

    assert first < 10
    assert second >= 16


def test_what_never_is_steady_is_never_read() -> None:
    assert read_ones([200, 120] * 20) == []
