"""The finder `plate`: the number plate of a vehicle among other text of a photograph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ocr_server.document.model import Line, Page, Word
from ocr_server.errors import DeadlinePassed
from ocr_server.extraction.validation import Match, of_words, validate_field
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec
from ocr_server.layout.detected_lines import height_px
from ocr_server.page.framing import FramedPage, put_back

NAMES = ("value",)

_SHORTEST, _LONGEST = 4, 9  # letters and digits
_LEAST_OF_LINE = 0.4  # of the letters and digits of its line; `V6 LE` behind a make is none
# A line is read again with its surroundings, in heights of the line at the sides and above and
# below: of 22 photographs 19 numbers are right then, 16 without, 18 if only half is added. Of the
# three largest and surest lines one was always the plate.
_BESIDE, _ABOVE = 3, 2
_MOST_READ_AGAIN = 3


def read_plate_page(framed_page: FramedPage) -> Page:
    """Read a photograph, and again, closer, the lines that may be a plate.

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
    """
    page = framed_page.read()
    if framed_page.options.zones:
        return page
    likely = [line for line in page.lines if _may_be_plate(line)]
    likely.sort(key=lambda line: height_px(line.quad) * line.confidence, reverse=True)
    for line in likely[:_MOST_READ_AGAIN]:
        try:
            closer = _read_closer(framed_page, line)
        except DeadlinePassed:
            break
        if closer and _says_more(closer, line):
            zones = tuple(
                replace(zone, lines=tuple(closer if one is line else one for one in zone.lines))
                for zone in page.zones
            )
            page = replace(page, zones=zones)
    return page


def find_plate(page: Page, spec: FieldSpec) -> Match:
    """The line that is most likely a plate: it keeps the field's rules, is large and confident.

    `Match.normalised` has its letters and digits only, without blanks, dots and hyphens.
    """
    found = [
        (
            validate_field(spec, candidate).is_valid,
            height_px(line.quad) * candidate.confidence,
            candidate,
        )
        for line in page.lines
        for candidate in _plates_in(line)
    ]
    if not found:
        return Match("", 0.0, error="nothing looks like a number plate")
    return max(found, key=lambda one: one[:2])[2]


def _read_closer(framed_page: FramedPage, line: Line) -> Line | None:
    """The line, the highest one in its place, read with its surroundings; None if there is none."""
    whole, box, unit = framed_page.canvas, line.box, height_px(line.quad)
    around = Box(
        box.left - _BESIDE * unit, box.top - _ABOVE * unit,
        box.right + _BESIDE * unit, box.bottom + _ABOVE * unit,
    ).intersection(whole.box)  # fmt: skip
    if around is None:
        return None
    part = whole.cropped(Box(*around.rounded()))
    options = replace(framed_page.options, operations=())
    page = put_back(replace(framed_page, canvas=part.as_page()).read(options), part, whole)
    there = (one for one in page.lines if box.contains(one.box.middle))
    return max(there, key=lambda one: height_px(one.quad), default=None)


def _may_be_plate(line: Line) -> bool:
    signs = _signs_of(line.words)
    return _is_of_both(signs) and len(signs) >= _SHORTEST


def _says_more(closer: Line, line: Line) -> bool:
    """Whether the closer reading of the line has a plate, and not one that was merely cut off."""
    firsts, signs = {one.text for one in _plates_in(line)}, _signs_of(line.words)
    return any(one.text in firsts or one.text not in signs for one in _plates_in(closer))


def _plates_in(line: Line) -> Iterator[Match]:
    """The longest runs of words that may be a plate; a name may stand beside it."""
    words = line.words
    least = _LEAST_OF_LINE * len(_signs_of(words))
    for count in range(len(words), 0, -1):
        runs = [words[start : start + count] for start in range(len(words) - count + 1)]
        found = [match for run in runs if (match := _plate_of(run)) and len(match.text) >= least]
        if found:
            yield from found
            return


def _plate_of(words: tuple[Word, ...]) -> Match | None:
    code = _signs_of(words)
    if not (_is_of_both(code) and code.isupper() and _SHORTEST <= len(code) <= _LONGEST):
        return None
    return replace(of_words(words), normalised=code)


def _is_of_both(signs: str) -> bool:
    """Whether there are letters and digits; names of makes have no digits, and dates no letters."""
    return any(map(str.isdigit, signs)) and any(map(str.isalpha, signs))


def _signs_of(words: tuple[Word, ...]) -> str:
    """Their letters and digits, of ASCII."""
    return "".join(
        sign for word in words for sign in word.text if sign.isascii() and sign.isalnum()
    )
