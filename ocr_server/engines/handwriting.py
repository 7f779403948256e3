"""Whether lines are handwriting or print, by which network reads them surer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ocr_server.document.model import Line, confidence_of
from ocr_server.engines.line_strips import LineStrips
from ocr_server.engines.word_model import LetterModel, letter_model
from ocr_server.geometry import Quad
from ocr_server.layout.detected_lines import width_px

# A page on which the network for print is less sure than this may be handwritten: modern hands have
# .951 at most, receipts .974 at least. It is, if its words are not alike to those of the language
# (of hands -2.65 at most, of typewriting -2.37 at least) and the other network is about as sure;
# where there is no list of words, if that is surer of a doubtful page. CER of 18 pages of modern
# hands falls from .214 to .101, of seven letters of 1905 from .269 to .247; print stays as it is.
# Tried, and left out: the surer network for each line, and on printed pages for lines in doubt (CER
# of typewritten pages .131 to .138).
_SURELY_PRINT, _LIKE_WORDS, _ABOUT, _DOUBTFUL_PAGE = 0.96, -2.5, 0.05, 0.9

# So many of the longest lines, some 30 words, are read by both first. If they are handwriting, and
# its network is the surer, the rest of the page is read by that alone.
_SAMPLE = 5


def by_the_surer(
    quads: Sequence[Quad], printed: LineStrips, written: LineStrips, languages: Sequence[str]
) -> Iterator[Line]:
    """The lines in the quads as the network for print reads them, or that for handwriting.

    Where the longest lines are surely handwritten, the others are not read as print at all; where
    they are surely print, the page is, though short lines (a receipt's prices) be less sure.
    """
    longest = sorted(quads, key=width_px, reverse=True)[: _SAMPLE if len(quads) > _SAMPLE else 0]
    read = {quad: printed.read(quad) for quad in longest}
    sample = [line for quad in longest for line in read[quad]]
    again = iter(_as_handwriting(sample, written, languages, is_sample=True))
    by_hand = {quad: list(islice(again, len(read[quad]))) for quad in longest}
    if not any(by_hand.values()):
        lines = [line for quad in quads for line in read.get(quad) or printed.read(quad)]
        is_print = bool(sample) and confidence_of(sample) >= _SURELY_PRINT
        yield from (() if is_print else _as_handwriting(lines, written, languages)) or lines
        return
    model = letter_model(languages)
    for quad in quads:
        if quad in by_hand:
            yield from by_hand[quad]
        else:
            yield from tuple(written.by_hand([quad], model)) or printed.read(quad)


def _as_handwriting(
    lines: Sequence[Line], strips: LineStrips, languages: Sequence[str], *, is_sample: bool = False
) -> tuple[Line, ...]:
    """The lines as the network for handwriting reads them; none if they are rather print."""
    if not lines or confidence_of(lines) >= _SURELY_PRINT:
        return ()
    model = letter_model(languages)
    if not _may_be_handwritten(lines, model):
        return ()
    return strips.read_again(lines, model, surer_by=-_ABOUT if model and not is_sample else 0)


def _may_be_handwritten(lines: Sequence[Line], model: LetterModel | None) -> bool:
    """Whether a page may be, by how the network for print reads it."""
    words = (word.text for line in lines for word in line.words)
    likeness = model.likeness(words) if model else None
    if likeness is None:
        return confidence_of(lines) < _DOUBTFUL_PAGE
    return likeness < _LIKE_WORDS
