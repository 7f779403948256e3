"""Tell Chinese and Japanese that is written down the page from a reading that runs across it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ocr_server.document.languages import script_of
from ocr_server.document.model import Advice, Line, Zone

# Signs of a line touch each other, and lines have white between them. Read in rows, drawn pages in
# columns had signs 1.25 to 2 times as far from each other as rows, pages in rows at most 0.7 times.
_LEAST_RATIO = 1.1
_FEWEST_SIGNS, _FEWEST_LINES, _LEAST_SINGLE = 12, 4, 0.5
_SCRIPTS = {"Han", "Japanese"}


def is_read_across(zones: Sequence[Zone]) -> bool:
    """Whether signs of Chinese or Japanese were read in rows that stand nearer in columns."""
    lines = [line for zone in zones for line in zone.lines]
    words = [word for line in lines for word in line.words]
    single = sum(len(word.text) == 1 for word in words)
    is_enough = single >= _FEWEST_SIGNS and len(lines) >= _FEWEST_LINES
    if not is_enough or single < _LEAST_SINGLE * len(words):
        return False
    if script_of("".join(word.text for word in words)) not in _SCRIPTS:
        return False
    across = [step for line in lines for step in _steps(line)]
    down = [
        step
        for zone in zones
        for one, other in pairwise(zone.lines)
        if (step := other.box.middle.y - one.box.middle.y) > 0
    ]
    return bool(across and down) and median(across) >= _LEAST_RATIO * median(down)


def _steps(line: Line) -> list[float]:
    """From the middle of each sign that stands alone to that of the next."""
    return [
        other.box.middle.x - one.box.middle.x
        for one, other in pairwise(line.words)
        if len(one.text) == len(other.text) == 1
    ]


def advise_vertical(language: str, installed: Sequence[str]) -> Advice:
    """What to tell of such a page."""
    wanted = f"{language}_vert"
    return Advice(
        "vertical-writing",
        "The characters stand in columns, but were read in rows: their order is wrong.",
        f"Ask with languages={wanted}."
        if wanted in installed
        else f"Whoever runs the server can install {wanted}, or the second reader.",
    )
