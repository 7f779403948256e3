"""Put the text of a PDF's layer in the order of its columns, where the file runs across them.

Programs that print row by row, as forms and old typesetters do, store the lines of two columns of
prose in turn. Tables are stored so, too, and are meant so: prose is told by lines that run on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ocr_server.document.model import Direction, Line, Word, Zone
from ocr_server.layout.xy_cut import in_blocks

_WIDE = 0.6  # white between words, in heights of a word, from which on it may part columns
_MOST_SLANT_DEG = 1.0
_MOST_LINES = 1500  # of a page, which takes 0.1 s
# Of all lines, those that the stored order reads after one that should follow it. A page stored by
# columns or zones has a few, two columns stored in turn have nearly a half.
_LEAST_JUMPS, _FEWEST_JUMPS = 0.2, 4
# Share of the lines beside others that begin with a small letter: of prose two thirds and more, of
# entries of forms and tables hardly any.
_LEAST_RUNNING_ON = 0.3


def in_columns(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    """The zones in the order of their columns if they run across columns of prose, else as given.

    Upright text from left to right only.
    """
    lines = [line for zone in zones for line in zone.lines]
    if not all(map(_is_level, lines)):
        return tuple(zones)
    parts = [part for line in lines for part in _parts(line)]
    if not _FEWEST_JUMPS < len(parts) <= _MOST_LINES:
        return tuple(zones)
    blocks = in_blocks(parts)
    place = {id(word): n for n, word in enumerate(w for block in blocks for w in block.words)}
    firsts = [place[id(part.words[0])] for part in parts]
    jumps = sum(after < before for before, after in pairwise(firsts))
    if jumps < max(_FEWEST_JUMPS, _LEAST_JUMPS * len(parts)) or not _run_on(blocks):
        return tuple(zones)
    return tuple(
        replace(block, lines=tuple(replace(line, paragraph=0) for line in block.lines))
        for block in blocks
    )


def _is_level(line: Line) -> bool:
    is_upright = abs(line.quad.angle_deg) < _MOST_SLANT_DEG
    return is_upright and line.direction is Direction.LEFT_TO_RIGHT


def _parts(line: Line) -> Iterator[Line]:
    """The line parted where there is wide white, or where it goes back."""
    least_px = _WIDE * min(word.box.height for word in line.words)
    groups: list[list[Word]] = [[]]
    for word in line.words:
        gap_px = word.box.left - groups[-1][-1].box.right if groups[-1] else 0.0
        if abs(gap_px) >= least_px:
            groups.append([])
        groups[-1].append(word)
    if len(groups) == 1:
        yield line
        return
    yield from (_part(line, tuple(group)) for group in groups)


def _part(line: Line, words: tuple[Word, ...]) -> Line:
    part = line.with_words(words)
    ends = (part.box.left, part.box.right)
    level = tuple(end._replace(x=x) for end, x in zip(line.baseline, ends, strict=False))
    return replace(part, baseline=level)


def _run_on(blocks: Sequence[Zone]) -> bool:
    """Whether lines of the blocks that stand beside others begin as if within a sentence."""
    beside = [
        line
        for block in blocks
        if any(_are_beside(block, other) for other in blocks)
        for line in block.lines[1:]
    ]
    running_on = sum(line.text[:1].islower() for line in beside)
    return bool(beside) and running_on >= _LEAST_RUNNING_ON * len(beside)


def _are_beside(one: Zone, other: Zone) -> bool:
    """Whether two blocks share rows, but no column."""
    box, beside = one.box, other.box
    return box.is_beside(beside) and box.top < beside.bottom and beside.top < box.bottom
