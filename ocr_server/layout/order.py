"""Reading order, where layout analysis went astray: what stands above is read before."""

from __future__ import annotations

from ocr_server.document.model import Zone
from ocr_server.geometry import Box

_SHARED = 0.2  # of the narrower one's width; neighbouring columns may touch


def in_reading_order(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """The zones in the order given, but none before one that stands above it in its columns."""
    boxes = [zone.box for zone in zones]
    texts = [index for index, zone in enumerate(zones) if zone.lines]
    above = [{index for index in texts if _stands_above(boxes[index], box)} for box in boxes]
    ordered: list[Zone] = []
    waiting, done = list(range(len(zones))), set[int]()
    while waiting:
        # There is one: of all that wait, nothing waits above the one that begins highest.
        index = next(i for i in waiting if above[i] <= done)
        waiting.remove(index)
        done.add(index)
        ordered.append(zones[index])
    return tuple(ordered)


def _stands_above(upper: Box, lower: Box) -> bool:
    shared = min(upper.right, lower.right) - max(upper.left, lower.left)
    is_higher = upper.top < lower.top and upper.bottom <= lower.top
    return is_higher and shared > _SHARED * min(upper.width, lower.width)
