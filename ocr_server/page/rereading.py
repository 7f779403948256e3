"""Second readings, where the first is doubtful; the better one is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ocr_server.geometry import Transform
from ocr_server.imaging import contrast, dewarp, ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PageSegmentation
from ocr_server.page.missing_text import count_missed
from ocr_server.page.preprocessing import without_margin
from ocr_server.page.state import Report, Sheet, Take
from ocr_server.page.surer import take_surer_words

# Under this confidence another reading may be better; of 20 pages from here to 0.88, one won, and
# that had left out most of its letters.
_DOUBTFUL = 0.81
_SURE = 0.88  # above, no other reading ever won
_LEFT_OUT = 0.1  # of the letters: the layout failed, however sure it is of the rest
_POOR = 0.6
_SHADED = 10.0  # grey levels: evener paper has no shade to remove
_LONG_PAGE = 900  # letters: on longer pages no other reading ever won, unless all were poor

# What is read without layout is taken for text from edge to edge, so it has no margin: on 21 cut
# lines the error rate is 0.63; at a height of 48 px 0.66, with margins of 20 px 0.69.
_RAW_LINE_HEIGHT_PX = 32

# On receipts, the surer words of two readings: F1 0.712 with a second one at 0.8 of the size, 0.705
# at the same size, 0.704 at 1.3; 0.699 without exchange.
_SMALLER = 0.8

_FEWEST_LETTERS = 60  # too few to tell whether a page is curled

_SNIPPET_MODES = (
    PageSegmentation.SINGLE_BLOCK, PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD,
)  # fmt: skip


def read_snippet_again(sheet: Sheet) -> Report:
    """A cut-out line that gave little is read without looking for its layout."""
    take = sheet.best
    said = f"read with confidence {take.confidence:.0%}"
    doubtful = take.letters == 0 or take.confidence < 0.5
    if not sheet.measures.is_snippet or take.psm not in _SNIPPET_MODES:
        return Report(sheet, "not a cut-out line")
    if not doubtful:
        return Report(sheet, said)
    if not sheet.measures.ink.any():
        return Report(sheet.with_take(replace(take, zones=())), "nothing but paper")
    canvas = without_margin(sheet.canvas)
    canvas = canvas.scaled(_RAW_LINE_HEIGHT_PX / canvas.height_px)
    is_word = sheet.reading.psm == PageSegmentation.SINGLE_WORD
    short = is_word or canvas.width_px < 3 * canvas.height_px
    mode = PageSegmentation.SINGLE_WORD if short else PageSegmentation.RAW_LINE
    other = sheet.read(canvas, psm=mode)
    if other.score <= take.score and take.words:
        return Report(sheet, said)
    return Report(sheet.with_take(other), said, "read again as one line without layout")


def level_curled_lines(sheet: Sheet) -> Report:
    """Bent lines are levelled, read again, and kept if that is better: flat pages lose by it."""
    take = sheet.best
    if (
        take.psm != PageSegmentation.AUTO
        or take.confidence >= 0.9
        or take.letters <= _FEWEST_LETTERS
        or sheet.measures.shorter_px <= 400
    ):
        return Report(sheet, "nothing to gain")
    outcome = dewarp.dewarp(sheet.canvas)
    if not outcome.did:
        return Report(sheet, outcome.found)
    other = sheet.read(outcome.canvas, psm=PageSegmentation.AUTO)
    if not other.is_better_than(take):
        return Report(sheet, outcome.found, "")
    after = replace(sheet.on(outcome.canvas), x_height_px=sheet.x_height_px, rules=None, take=other)
    return Report(after, outcome.found, outcome.did)


def read_again(sheet: Sheet) -> Report:
    """A doubtful page is read as one block, without its rules, or without shade: the best wins."""
    take = sheet.best
    said = f"read with confidence {take.confidence:.0%}"
    is_page = take.psm == PageSegmentation.AUTO
    too_long = take.letters >= _LONG_PAGE and take.confidence >= _POOR
    if not is_page or too_long or take.confidence >= _SURE or sheet.shows_no_print:
        return Report(sheet, said)
    missed, letters = count_missed(sheet)
    incomplete = missed > _LEFT_OUT * letters
    if take.confidence >= _DOUBTFUL and not incomplete:
        return Report(sheet, said)
    best, how = take, ""
    others = tuple(_other_takes(sheet, incomplete=incomplete))
    for name, other in others:
        if other.is_better_than(take) and other.score > best.score:
            best, how = other, name
    rest = [other for other in (take, *(other for _, other in others)) if other is not best]
    surer = take_surer_words(best, rest)
    return Report(sheet.with_take(surer), said, f"read again {how}" if how else "")


def _other_takes(sheet: Sheet, *, incomplete: bool) -> Iterator[tuple[str, Take]]:
    canvas, take = sheet.canvas, sheet.best
    found = sheet.rules
    if incomplete and found is not None and found.total >= 3 and not found.is_grid:
        wiped = ruling_lines.wipe(canvas, found.mask)
        yield "without ruled lines", sheet.read(wiped, psm=PageSegmentation.AUTO)
    yield "as one block", _read_smaller(sheet, canvas)
    shaded = sheet.measures.paper.unevenness >= _SHADED
    if take.confidence < _POOR and shaded and sheet.measures.shorter_px > 200:
        even = contrast.flatten(canvas).canvas
        yield "without shade", sheet.read(even, psm=PageSegmentation.AUTO)


def _read_smaller(sheet: Sheet, canvas: Canvas) -> Take:
    """One block, in smaller letters, in which other words go wrong than in the first reading."""
    small = canvas.scaled(_SMALLER)
    take = sheet.read(small, psm=PageSegmentation.SINGLE_BLOCK)
    back = Transform.scale(canvas.width_px / small.width_px, canvas.height_px / small.height_px)
    return replace(take, canvas=canvas, zones=tuple(zone.mapped(back) for zone in take.zones))
