"""Words that another reading of the same page is surer of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Word, Zone
from ocr_server.page.state import Candidate

_SAME_PLACE = 0.5  # of both boxes together that they share: parts of words are not exchanged
_LEAST_CONFIDENCE = 0.4  # of a reading: a worse one is sure of the wrong things


def merge_by_confidence(candidate: Candidate, others: Iterable[Candidate]) -> Candidate:
    """The reading, each word as whichever reading was surest of it; order and lines stay."""
    theirs = [
        word for other in others if other.confidence > _LEAST_CONFIDENCE for word in other.words
    ]
    if not theirs:
        return candidate
    boxes = np.array([_sides(word) for word in theirs], dtype=np.float64).T
    areas = (boxes[2] - boxes[0]) * (boxes[3] - boxes[1])

    def surest(word: Word) -> Word:
        left, top, right, bottom = _sides(word)
        width = np.minimum(boxes[2], right) - np.maximum(boxes[0], left)
        height = np.minimum(boxes[3], bottom) - np.maximum(boxes[1], top)
        common = np.maximum(width, 0) * np.maximum(height, 0)
        same = np.flatnonzero(common >= _SAME_PLACE * (areas + word.box.area - common))
        return max((word, *(theirs[index] for index in same)), key=lambda one: one.confidence)

    def in_zone(zone: Zone) -> Zone:
        lines = (replace(line, words=tuple(map(surest, line.words))) for line in zone.lines)
        return replace(zone, lines=tuple(lines))

    return replace(candidate, zones=tuple(map(in_zone, candidate.zones)))


def _sides(word: Word) -> tuple[float, float, float, float]:
    box = word.box
    return box.left, box.top, box.right, box.bottom
