"""The ends of lines: words that are parted there, lines joined to a paragraph, and rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from ocr_server.document.characters import has_blank
from ocr_server.document.lines import Direction, Line

# A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
# A dash between figures, as in 1914-1918.
_RANGE = re.compile(r"(?<=\d)[-\u2010\u2013]$")
# What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
_CONJUNCTION = re.compile(r"(?:and|or|und|oder|bis|et|ou)\b|bzw\.")

_AMOUNT = re.compile(r"\d[.,]\d\d\W{0,2}$")
_FIGURE = re.compile(r"\d\W{0,3}\w{0,2}\W?$")  # with a unit or a mark: "5.90 SR"
_FEWEST_LINES = 5  # of which a page is told to be a receipt
_SHORT_LINE = 40  # characters; a receipt is 42 wide at most
_WIDE_GAP = 2.5  # of a line's height; blanks of prose are narrower, also where it is justified


def is_hyphenated(line: str, following: str) -> bool:
    """Whether the last word of a line goes on in the following one, and the hyphen is no part.

    A small letter says that the word goes on, unless it has hyphens of its own.
    """
    if not _goes_on(line, following):
        return False
    last_word = line[:-1].rpartition(" ")[2]
    return line[-1] == "\u00ad" or (following[0].islower() and "-" not in last_word)


def joined(lines: Iterable[str]) -> str:
    """Lines as one: a parted word whole again, and no blank where the script has none."""
    text = ""
    for line in lines:
        if _goes_on(text, line):
            text = (text[:-1] if is_hyphenated(text, line) else text) + line
        elif line[:1].isdigit() and _RANGE.search(text[-2:]):
            text += line
        else:
            text += f" {line}" if has_blank(text, line) else line
    return text


def are_rows(lines: Sequence[Line]) -> bool:
    """Whether half the lines end where their writer ended them, as on a receipt, form or envelope.

    Prose ends a line where the next word has no room. Rows have some left, or columns.
    """
    if len(lines) < 2:
        return False
    breaks = [
        _has_room(above, below, lines) or _are_amounts(above, below)
        for above, below in pairwise(lines)
    ]
    columns = [_has_wide_gap(line) for line in lines]
    # The longest line has no room, whatever it is.
    return 2 * sum(breaks) >= len(breaks) or 2 * sum(columns) > len(columns)


def is_of_figures(lines: Sequence[Line]) -> bool:
    """Whether a page's lines are short and a third end in a figure, as on receipts and invoices.

    On pages of prose one in thirty does; of lists of literature, whose lines are long, a third.
    """
    if len(lines) < _FEWEST_LINES or median(len(line.text) for line in lines) > _SHORT_LINE:
        return False
    return 3 * sum(_FIGURE.search(line.text) is not None for line in lines) >= len(lines)


def is_prose(lines: Sequence[Line]) -> bool:
    """Whether most of the lines after the first go on from the one before with a small letter."""
    small = sum(line.text[:1].islower() for line in lines[1:])
    return 2 * small > len(lines) - 1


def _has_room(above: Line, below: Line, lines: Sequence[Line]) -> bool:
    """Whether the first word of a line would stand on the one above; not of a small letter."""
    if not above.words or not below.words or below.text[0].islower():
        return False
    before_px = above.box.left - min(line.box.left for line in lines)
    room_px = max(line.box.right for line in lines) - above.box.right
    if above.direction is Direction.RIGHT_TO_LEFT:
        before_px, room_px = room_px, before_px
    if room_px > above.box.height:
        room_px += before_px  # of lines that are centred; prose may only be indented
    return room_px > below.words[0].box.width + above.box.height


def _are_amounts(above: Line, below: Line) -> bool:
    """Whether both end in an amount of money, as rows do that are set flush right."""
    return all(_AMOUNT.search(line.text) for line in (above, below)) and not below.text[0].islower()


def _has_wide_gap(line: Line) -> bool:
    boxes = sorted((word.box for word in line.words), key=lambda box: box.left)
    return any(
        after.left - before.right > _WIDE_GAP * line.box.height for before, after in pairwise(boxes)
    )


def _goes_on(line: str, following: str) -> bool:
    """Whether a line ends with a hyphen after which the word goes on."""
    is_parted = following[:1].isalnum() and PARTED.search(line[-2:])
    return bool(is_parted) and not _CONJUNCTION.match(following)
