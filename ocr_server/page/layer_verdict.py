"""Check whether the text layer of a PDF page agrees with its picture, by reading a few lines.

Lines are read only if the layer's ink or letters make it doubtful (`pdf.text_extraction`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import numpy as np

from ocr_server.document.languages import LANGUAGES_OF, script_of, script_of_language
from ocr_server.document.model import Advice, Line, Word, Zone, hull_of, letters_in, mean_confidence
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Limits, PageSegmentation, ReadOptions
from ocr_server.page.spelling import dictionary_of
from ocr_server.page.state import ReadContext
from ocr_server.pdf.layer_doubts import Doubt
from ocr_server.pdf.render import draw_page
from ocr_server.pdf.text_extraction import ExtractedText

_LINES_READ = 3  # from the top, the middle and the bottom of the page
# Of an earlier recognition a fifth of the lines, up to so many, as one word in ten may be wrong. Of
# prose a third of each is read, so that it takes less than a tenth of reading the page.
_RECOGNISED_LINES_READ, _RECOGNISED_READ = 9, 0.2
_FEWEST_LETTERS, _ENOUGH_LETTERS = 8, 24  # of a line that is compared, and read of each
_LONGEST = 16  # width in heights that is read of a row of letters outside the layer
_LEGIBLE = 0.6  # confidence from which a reading may overrule the layer
_SIMILAR, _UNLIKE = 0.6, 0.3  # shares of a line's letters; layers of other engines have 0.9
# Share of the words, of an earlier recognition and of text whose letters are in doubt. Faultless
# ones have .97 and more, and reading print anew gives .95 of the words; engines misread some
# typefaces more.
_FOUND_AGAIN, _FOUND_AGAIN_IN_DOUBT = 0.9, 0.6
_KNOWN, _FEWEST_KNOWN, _KNOWN_LETTERS = 0.7, 3, 4  # share of words in a dictionary, words, letters
_SURE_READING = 0.85  # confidence of a word that contradicts the layer
_FEWEST_WORDS = 3  # with fewer, a layer cannot be judged
_MARGIN_PX = 20  # around each part, as engines misread letters at the edge
_NOT_COMPARED = 0.5  # confidence of a doubtful layer that could not be compared
_SURE_WORD = 0.6
# Letters in words of that confidence from which a drawing is text; the second if another program
# has recognised the page before and left it out.
_FEWEST_READ, _FEWEST_READ_MORE = 4, 15
_TOLD_ELSEWHERE = 0.5  # share of those letters in words that an earlier recognition has elsewhere


class BandReader(Protocol):
    """Reads parts of a page, in its pixels, as they are shown or without its text.

    `claimed` is what they are said to say: they are read in a language of its script.
    """

    def __call__(
        self, boxes: Sequence[Box], *, has_text: bool = True, claimed: str = ""
    ) -> list[tuple[Word, ...]] | None:
        """The words of each part; None if no language of that script is installed."""
        ...


@dataclass(frozen=True, slots=True)
class LayerVerdict:
    """The usable part of a layer, whether it is to be used, and a phrase that says why."""

    layer: ExtractedText
    is_believed: bool
    reason: str = ""
    warnings: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A few lines of the layer compared with their reading; shares are from 0 to 1.

    `legibility` is the mean confidence of the reading, `words` the number of compared words.
    """

    letters_alike: float
    words_alike: float
    words: int
    legibility: float

    @property
    def certainty(self) -> float:
        """How sure the other words are, by Laplace's rule of succession: a few tell little."""
        return (self.words_alike * (self.words + 1)) / (self.words + 2)


def judge_layer(
    layer: ExtractedText, read_bands: BandReader, languages: Sequence[str] = ()
) -> LayerVerdict:
    """Accept a layer without doubts; compare a few lines of any other with the picture.

    Lines that cannot be read are looked up in the dictionaries of the languages.
    """
    if not layer.is_real:
        return LayerVerdict(layer, is_believed=False)
    reasons = []
    is_compared = False
    if layer.is_doubted:
        is_recognised = Doubt.PRODUCER in layer.doubts
        least = _FOUND_AGAIN if is_recognised else _FOUND_AGAIN_IN_DOUBT
        found = _compare(layer.visible, read_bands, is_recognised=is_recognised)
        if found is None or found.legibility < _LEGIBLE:
            known = _known_share(_sampled(layer.visible, _LINES_READ), languages)
            is_compared = known >= _KNOWN
            reasons.append(f"{known:.0%} of the words of lines that cannot be read are known")
            layer = layer.with_confidence(known if is_compared else _NOT_COMPARED)
        elif found.letters_alike < _SIMILAR:
            reason = f"sampled lines read otherwise ({found.letters_alike:.0%} of the letters)"
            return LayerVerdict(layer, is_believed=False, reason=reason)
        elif found.words >= _FEWEST_WORDS and found.words_alike < least:
            reason = f"sampled lines read otherwise ({found.words_alike:.0%} of the words)"
            return LayerVerdict(layer, is_believed=False, reason=reason)
        else:
            is_odd = Doubt.ODD_WORDS in layer.doubts  # in words that were not sampled, too
            is_compared = found.words_alike >= _FOUND_AGAIN and not is_odd
            reasons.append(f"{found.letters_alike:.0%} of the letters of sampled lines agree")
            layer = layer.with_confidence(found.letters_alike)
    if layer.hidden:
        found = _compare(layer.hidden, read_bands, is_recognised=True)
        sure = _NOT_COMPARED
        if found is not None:
            reason = f"{found.words_alike:.0%} of {found.words} sampled words were read again"
            is_told = found.words >= _FEWEST_WORDS
            is_other = found.legibility >= _LEGIBLE and found.letters_alike < _UNLIKE
            if is_other or (is_told and found.words_alike < _FOUND_AGAIN):
                shown = layer.without_hidden()
                warnings = warn_of(shown, is_compared=is_compared)
                return LayerVerdict(shown, bool(shown.visible), reason, warnings)
            reasons.append(reason)
            sure = found.certainty if is_told else sure
        layer = layer.with_confidence(sure)
    checked, about_rows = _with_rows_read(layer, read_bands)
    return LayerVerdict(
        checked,
        is_believed=bool(checked.visible or checked.hidden == layer.hidden),
        reason="; ".join((*reasons, *about_rows)),
        warnings=warn_of(checked, is_compared=is_compared),
    )


def warn_of(layer: ExtractedText, *, is_compared: bool) -> tuple[Advice, ...]:
    """What the reader of a layer has to know; `is_compared`: sampled lines agree with it."""
    anew = "Send text_layer=ignore to have the page read anew."
    warnings = []
    if layer.hidden:
        earlier = "The text is invisible and lies over a picture: an earlier recognition wrote it."
        warnings.append(Advice("earlier-recognition", earlier, anew))
    if layer.is_doubted and not is_compared:
        doubtful = "The text that the PDF contains may not be what the page shows."
        warnings.append(Advice("doubtful-text-layer", doubtful, anew))
    return tuple(warnings)


def band_reader(
    path: Path,
    index: int,
    *,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
    context: Callable[[], ReadContext],
) -> BandReader:
    """A function that reads parts of a page, in pixels of the page, in one call of the engine.

    The page is drawn when it is first called so. The words of each part are in pixels of a stack of
    all parts.
    """

    @cache
    def draw(*, has_text: bool) -> Canvas:
        drawn = draw_page(path, index, limits=limits, password=password, has_text=has_text)
        return drawn.canvas

    def read_bands(
        boxes: Sequence[Box], *, has_text: bool = True, claimed: str = ""
    ) -> list[tuple[Word, ...]] | None:
        languages = _languages_for(claimed, options)
        if not languages:
            return None
        canvas, places = _stacked(draw(has_text=has_text), boxes)
        engine_options = replace(
            options, languages=languages, psm=PageSegmentation.SINGLE_BLOCK, zones=(),
            alphabet=None, symbols=False,
        )  # fmt: skip
        reader = context()
        zones = reader.engine.recognise(canvas, engine_options, reader.deadline)
        words = [word for zone in zones for word in zone.words]
        return [
            tuple(word for word in words if place.contains(word.box.middle)) for place in places
        ]

    return read_bands


def _languages_for(text: str, options: ReadOptions) -> tuple[str, ...]:
    """Those of the options that have the script of a text, else the first installed one."""
    script = script_of(text)
    own = tuple(code for code in options.languages if script_of_language(code) == script)
    if script is None or own:
        return own or options.languages
    there = (code for code in LANGUAGES_OF.get(script, ()) if code in options.installed)
    return tuple(there)[:1]


def _stacked(page: Canvas, boxes: Sequence[Box]) -> tuple[Canvas, list[Box]]:
    """A white canvas with parts of a page one below the other, and the box of each on it."""
    empty = np.empty((0, 0), np.uint8)
    parts = [page.cropped(box).pixels if box.intersection(page.box) else empty for box in boxes]
    margin = _MARGIN_PX
    width_px = max(part.shape[1] for part in parts) + 2 * margin
    height_px = sum(len(part) + margin for part in parts) + margin
    pixels = np.full((height_px, width_px), 255, np.uint8)
    places = []
    top = margin
    for part in parts:
        height, width = part.shape
        pixels[top : top + height, margin : margin + width] = part
        places.append(Box(margin, top, margin + width, top + height))
        top += height + margin
    return Canvas(pixels, dpi=page.dpi), places


def _compare(
    zones: Sequence[Zone], read_bands: BandReader, *, is_recognised: bool
) -> _Comparison | None:
    """Compare a few lines of the zones with their reading, more of what was recognised before.

    None if there are no level lines, or none that can be read in their script.
    """
    lines_of_page = sum(len(zone.lines) for zone in zones)
    more = min(int(_RECOGNISED_READ * lines_of_page), _RECOGNISED_LINES_READ)
    count = max(_LINES_READ, more) if is_recognised else _LINES_READ
    lines = [_shortened(line) for line in _sampled(zones, count)]
    if not lines:
        return None
    text = " ".join(line.text for line in lines)
    readings = read_bands([_around(line.box) for line in lines], claimed=text)
    if readings is None:
        return None
    claimed = [_plain(line.text) for line in lines]
    read = [_plain(" ".join(word.text for word in words)) for words in readings]
    letters = sum(map(len, claimed))
    alike = sum(
        len(one) * SequenceMatcher(None, one, other, autojunk=False).ratio()
        for one, other in zip(claimed, read, strict=True)
    )
    votes = [_votes(line.words, words) for line, words in zip(lines, readings, strict=True)]
    again, otherwise = (sum(column) for column in zip(*votes, strict=True))
    return _Comparison(
        letters_alike=alike / max(1, letters),
        words_alike=(again + 1) / (again + otherwise + 1),
        words=again + otherwise,
        legibility=mean_confidence(tuple(word for some in readings for word in some)),
    )


def _known_share(lines: Sequence[Line], languages: Sequence[str]) -> float:
    """The share of the words of some lines that the dictionaries know; 0 of too few words."""
    texts = {_plain(word.text, keeps_marks=True) for line in lines for word in line.words}
    words = [text for text in texts if len(text) >= _KNOWN_LETTERS and text.isalpha()]
    dictionary = dictionary_of(languages) if len(words) >= _FEWEST_KNOWN else None
    if dictionary is None:
        return 0.0
    return sum(dictionary.frequency(word) > 0 for word in words) / len(words)


def _votes(claimed: Sequence[Word], words: Sequence[Word]) -> tuple[int, int]:
    """How many claimed words of a line were read, and how many were surely read otherwise."""
    expected = [_plain(word.text) for word in claimed]
    read = [_plain(word.text) for word in words]
    again = otherwise = 0
    matcher = SequenceMatcher(None, expected, read, autojunk=False)
    for kind, start, end, from_, to in matcher.get_opcodes():
        is_same = "".join(expected[start:end]) == "".join(read[from_:to])
        if is_same:
            again += end - start
        elif kind == "replace" and mean_confidence(tuple(words[from_:to])) >= _SURE_READING:
            otherwise += end - start
    return again, otherwise


def _sampled(zones: Sequence[Zone], count: int) -> list[Line]:
    """Up to so many level lines of the lowest confidence, spread over the page."""
    lines = [line for zone in zones for line in zone.lines]
    level = [
        line
        for line in lines
        if letters_in(line.words) >= _FEWEST_LETTERS and abs(line.quad.angle_deg) < 1
    ]
    level = level or [line for line in lines if line.text and abs(line.quad.angle_deg) < 1]
    worst = min((line.confidence for line in level), default=1.0)
    doubted = [line for line in level if line.confidence < worst + 0.05]
    if len(doubted) <= count:
        return doubted
    step = len(doubted) / count
    return [doubted[int(step * (place + 0.5))] for place in range(count)]


def _shortened(line: Line) -> Line:
    """The line up to the word with which it has 24 letters."""
    ends = accumulate(word.letter_count for word in line.words)
    words = line.words[: 1 + sum(end < _ENOUGH_LETTERS for end in ends)]
    return replace(line, words=words, quad=hull_of(words).quad())


def _around(box: Box) -> Box:
    """The box enlarged by a quarter of its height."""
    more = box.height / 4
    return Box(box.left - more, box.top - more, box.right + more, box.bottom + more)


def _with_rows_read(
    layer: ExtractedText, read_bands: BandReader
) -> tuple[ExtractedText, tuple[str, ...]]:
    """The layer without rows of shapes that are no text, and phrases that say so.

    Without its hidden words if they are read outside of it: they do not stand where they are shown.
    """
    if not layer.rows or layer.pictures:
        return layer, ()
    longest = sorted(layer.rows, key=lambda row: -row.width)[:_LINES_READ]
    starts = [
        replace(row, right=min(row.right, row.left + _LONGEST * row.height)) for row in longest
    ]
    found = read_bands([_around(row) for row in starts], has_text=False) or []
    read = [word for some in found for word in some if word.confidence >= _SURE_WORD]
    if letters_in(read) < (_FEWEST_READ_MORE if layer.hidden else _FEWEST_READ):
        return replace(layer, rows=()), ("no letters could be read in them",)
    told = {_plain(word.text) for zone in layer.hidden for word in zone.words}
    again = [word for word in read if _plain(word.text) in told]
    if letters_in(again) > _TOLD_ELSEWHERE * letters_in(read):
        return layer.without_hidden(), ("its words do not stand where they are shown",)
    return layer, ()


def _plain(text: str, *, keeps_marks: bool = False) -> str:
    """Letters and figures in small letters, without accents: a model of another language has none.

    Those of ligatures are apart.
    """
    letters = text.casefold() if keeps_marks else unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalnum, letters))
