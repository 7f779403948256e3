"""Batches of lines as the network takes them, each line varied afresh each time it is drawn."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from scripts.training.sets import SHARES, Line

LINE_PX, COLUMN_PX, WIDEST_PX = 48, 8, 1600
STEP_PX = 64  # of widths in training: torch prepares itself for each anew, a quarter of the time
READY_BATCHES = 12  # sorted by width before they are made into batches


Drawn = tuple[np.ndarray, str] | None
"""A picture of a line (grey) and its text, or None where nothing came of it."""


@dataclass(frozen=True)
class Mix:
    """What lines are drawn from: those that were cut, and what makes a share (0 to 1) of all.

    Lines are varied half as much while `is_calm`.
    """

    lines: Sequence[Line]
    written: Sequence[tuple[float, Callable[[], Drawn]]] = ()
    is_calm: Callable[[], bool] = lambda: False


def draw_batches(
    mix: Mix, letters: Sequence[str], size: int, draw: random.Random
) -> Iterator[tuple[np.ndarray, list[list[int]]]]:
    """Endless batches: pictures (n, 48, width) from -1 to 1, and the classes of their letters."""
    number = {letter: place for place, letter in enumerate(letters)}
    shares = [SHARES.get(line.set, 1.0) for line in mix.lines]
    while True:
        ready: list[tuple[np.ndarray, list[int]]] = []
        while len(ready) < size * READY_BATCHES:
            drawn = _draw_line(mix, shares, draw)
            if drawn is None or any(letter not in number for letter in drawn[1]):
                continue
            label = [number[letter] for letter in drawn[1]]
            grey = _wide_enough(
                to_height(vary(drawn[0], draw, 0.5 if mix.is_calm() else 1.0)), label
            )
            if grey.shape[1] <= WIDEST_PX:
                ready.append((grey, label))
        ready.sort(key=lambda one: one[0].shape[1])
        batches = [ready[k : k + size] for k in range(0, len(ready), size)]
        draw.shuffle(batches)
        for batch in batches:
            yield as_input([grey for grey, _ in batch], STEP_PX), [label for _, label in batch]


def as_input(pictures: Sequence[np.ndarray], step_px: int = COLUMN_PX) -> np.ndarray:
    """Grey pictures 48 px high side by side, (n, 48, width) from -1 to 1, filled up with 0.

    The width is a multiple of `step_px`.
    """
    widest = max(one.shape[1] for one in pictures)
    width = step_px * math.ceil(widest / step_px)
    together = np.zeros((len(pictures), LINE_PX, width), np.float32)
    for row, grey in zip(together, pictures, strict=True):
        row[:, : grey.shape[1]] = grey.astype(np.float32) / 127.5 - 1
    return together


def to_height(grey: np.ndarray) -> np.ndarray:
    """The same picture 48 px high."""
    width = max(16, round(grey.shape[1] * LINE_PX / grey.shape[0]))
    return cv2.resize(grey, (width, LINE_PX), interpolation=cv2.INTER_AREA)


def _draw_line(mix: Mix, shares: Sequence[float], draw: random.Random) -> Drawn:
    which = draw.random()
    for share, write in mix.written:
        if which < share:
            return write()
        which -= share
    line = draw.choices(mix.lines, shares)[0]
    grey = cv2.imread(str(line.picture), cv2.IMREAD_GRAYSCALE)
    return (alone(grey, line.outline) if draw.random() < 0.5 else grey), line.text


def _wide_enough(grey: np.ndarray, label: Sequence[int]) -> np.ndarray:
    """Stretched where CTC would lack columns: one a letter, one more between two of a kind."""
    twice = sum(one == other for one, other in pairwise(label))
    needed = len(label) + twice + 1
    if grey.shape[1] // COLUMN_PX >= needed:
        return grey
    return cv2.resize(grey, ((needed + 1) * COLUMN_PX, LINE_PX))


def alone(grey: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    """The line without its neighbours: paper outside its outline."""
    mask = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.float32).round().astype(np.int32)], 255)
    mask = cv2.GaussianBlur(cv2.dilate(mask, np.ones((5, 5), np.uint8)), (5, 5), 0)
    inside = mask.astype(np.float32) / 255
    return (grey * inside + _paper(grey) * (1 - inside)).astype(np.uint8)


def vary(grey: np.ndarray, draw: random.Random, much: float = 1.0) -> np.ndarray:
    """Slant, turn, size, place, a little elastic, pen, blur, light and noise, from 0 to 1 much."""
    noise = np.random.default_rng(draw.getrandbits(32))
    grey = _place(grey, draw, much)
    if draw.random() < 0.5 * much:
        grey = _stretch(grey, noise)
    if draw.random() < 1 - much:
        return grey
    return _light(_blur(grey, draw), draw, noise)


def _place(grey: np.ndarray, draw: random.Random, much: float) -> np.ndarray:
    height, width = grey.shape
    slant, turn = draw.gauss(0, 0.24 * much), draw.gauss(0, 0.012 * much)
    tall, wide = 1 + much * draw.uniform(-0.18, 0.15), 1 + much * draw.uniform(-0.25, 0.28)
    size = max(8, round(width * wide))
    way = np.array([[wide, -slant * wide, 0], [turn, tall, 0]], np.float32)
    centre = np.array([size / 2, height / 2 + draw.uniform(-0.06, 0.06) * height])
    way[:, 2] = centre - way[:, :2] @ (width / 2, height / 2)
    edge = cv2.BORDER_REPLICATE if draw.random() < 0.5 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(grey, way, (size, height), borderMode=edge, borderValue=_paper(grey))


def _stretch(grey: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    height, width = grey.shape
    grid = 4, max(2, width // 24)
    across, down = (
        cv2.resize(shift.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for shift in (
            noise.normal(0, noise.uniform(0.8, 2.2), grid),
            noise.normal(0, noise.uniform(0.6, 1.8), grid),
        )
    )
    xs, ys = (one.astype(np.float32) for one in np.meshgrid(np.arange(width), np.arange(height)))
    return cv2.remap(
        grey, xs + across, ys + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _blur(grey: np.ndarray, draw: random.Random) -> np.ndarray:
    which = draw.random()
    if which < 0.12:
        return cv2.erode(grey, np.ones((2, 2), np.uint8))
    if which < 0.24:
        return cv2.dilate(grey, np.ones((2, 2), np.uint8))
    if which < 0.36:
        return cv2.GaussianBlur(grey, (0, 0), draw.uniform(0.5, 1.3))
    if which < 0.46:
        by = draw.uniform(0.4, 0.8)
        small = cv2.resize(grey, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, grey.shape[::-1])
    return grey


def _light(grey: np.ndarray, draw: random.Random, noise: np.random.Generator) -> np.ndarray:
    light = (grey.astype(np.float32) - 128) * draw.uniform(0.6, 1.3) + 128 + draw.uniform(-35, 35)
    if draw.random() < 0.3:
        light += np.linspace(draw.uniform(-40, 40), draw.uniform(-40, 40), grey.shape[1])
    if draw.random() < 0.4:
        light += noise.normal(0, draw.uniform(2, 14), light.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def _paper(grey: np.ndarray) -> int:
    return int(np.percentile(grey, 85))
