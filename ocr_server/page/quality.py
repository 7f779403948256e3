"""How well a page can be read, what is wrong with the picture, and advice on it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ocr_server.document.model import (
    INCOMPLETE,
    Advice,
    Page,
    Quality,
    StageOutcome,
    StageRecord,
    Symbol,
    Word,
    Zone,
    letters_in,
    mean_confidence,
)
from ocr_server.engines.engine import Calibration
from ocr_server.imaging.contrast import map_paper
from ocr_server.imaging.statistics import ImageStatistics

_SMALL_LETTERS_PX = 11.0  # receipt print shrunk to 10 px costs little, to 8 a third more errors
_LEAST_CONTRAST = 0.25  # of the range from black to white
_DARK_PAPER, _LIGHT_PERCENT = 90, 98
_MOST_UNEVENNESS = 0.30  # of the range from black to white
_MOST_EDGE = 0.35  # width of a stroke's edge, in x-heights; sharp print has 0.05 to 0.25
_MOST_SKEW_DEG = 10.0  # a skew beyond 15 is not detected at all
_CUT_LETTERS = 5  # letters at one edge of the picture; fewer are specks and dirt
# Expected shares of right words. Print has .75 or more, modern hands .4 to .8 (CER up to .21),
# letters of 1905 .2 to .35 (.2 to .5), a Victorian's cursive .13 to .21 (.5 to .7).
_WELL_READ, _HARDLY_READ = 0.6, 0.4
_FEWEST_GLYPHS = 60  # with fewer, print and handwriting cannot be told apart
_LETTERS_MEASURED = 60


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """Figures of a reading, from which its accuracy is estimated.

    `confidence` is the engine's mean from 0 to 1, weighted by letters; `sure_share` the share of
    words, from 0 to 1, with at least the engine's confidence of a sure word; `letters` counts
    letters and digits; `share_right` is the mean of the expected shares of right words.
    """

    confidence: float
    sure_share: float
    letters: int
    calibration: Calibration
    share_right: float

    @classmethod
    def of(cls, words: tuple[Word, ...], calibration: Calibration) -> ReadingResult:
        """Figures of words that were read by an engine with this calibration."""
        sure = sum(word.confidence >= calibration.sure_word for word in words)
        return cls(
            confidence=mean_confidence(words),
            sure_share=sure / max(1, len(words)),
            letters=letters_in(words),
            calibration=calibration,
            share_right=mean_confidence(
                tuple(_with_share_right(word, calibration) for word in words)
            ),
        )


def assess_quality(
    page: ImageStatistics, result: ReadingResult, *, handwritten: bool = False
) -> Quality:
    """Quality of a page as it was sent, judged by the picture and by its reading.

    `handwritten`: most of it was read by the network for handwriting.
    """
    problems = tuple(_problems(page, result, handwritten=handwritten))
    return Quality(score=expected_accuracy(result), problems=problems)


def with_shares_right(zone: Zone, calibration: Calibration) -> Zone:
    """The zone with confidences of words and symbols that are the expected shares of right ones."""
    if not calibration.shares_right:
        return zone

    def in_symbol(symbol: Symbol) -> Symbol:
        return replace(symbol, confidence=calibration.share_right(symbol.confidence))

    def in_word(word: Word) -> Word:
        symbols = tuple(map(in_symbol, word.symbols))
        return replace(_with_share_right(word, calibration), symbols=symbols)

    lines = (replace(line, words=tuple(map(in_word, line.words))) for line in zone.lines)
    return replace(zone, lines=tuple(lines))


def _with_share_right(word: Word, calibration: Calibration) -> Word:
    return replace(word, confidence=calibration.share_right(word.confidence))


def with_copies(page: Page, copies: int) -> Page:
    """Put a stage before all others that tells of copies of the page in its file, if any."""
    if not copies:
        return page
    found = (
        f"{copies} smaller {'copy' if copies == 1 else 'copies'} or masks of the page in the file"
    )
    stage = StageRecord("copies", found, "left out", 0.0, StageOutcome.DONE)
    return replace(page, stages=(stage, *page.stages))


def with_damage(page: Page, lost_share: float | None) -> Page:
    """Put the damage to the file of a page, if any, before the problems of its quality.

    `lost_share` is the missing share of the picture, from 0 to 1; 0 if it is unknown.
    """
    if lost_share is None:
        return page
    if lost_share:
        damage = Advice(
            INCOMPLETE,
            f"The file was cut off: {max(1, round(100 * lost_share))} % of the picture is missing.",
            "Send the file again, whole.",
        )
    else:
        damage = Advice(
            "damaged",
            "The file is damaged: parts of the page may be wrong or missing.",
            "Save it again, or send another copy.",
        )
    return with_problems(page, (damage,))


def with_problems(page: Page, problems: Sequence[Advice]) -> Page:
    """Put problems of the file of a page, if any, before those of its quality."""
    if not problems:
        return page
    quality = page.quality or Quality(page.confidence)
    return replace(page, quality=replace(quality, problems=(*problems, *quality.problems)))


def expected_accuracy(result: ReadingResult) -> float:
    """Expected F1 of the words, from 0 to 1; 0 without letters.

    A logistic function of the figures, fitted per engine to pages whose text is known.
    """
    if not result.letters:
        return 0.0
    calibration = result.calibration
    level = (
        calibration.bias
        + calibration.per_confidence * result.confidence
        + calibration.per_sure_share * result.sure_share
    )
    return 1 / (1 + math.exp(-level))


def measure_contrast(page: ImageStatistics) -> float:
    """How much ink differs from paper, as a share of 255 grey levels; 0 without ink.

    On dark paper, as of a dark screen, ink is the lightest fiftieth of the page.
    """
    pixels, ink = page.small[::4], page.ink[::4]  # a quarter of the rows is enough
    if page.paper.level < _DARK_PAPER:
        return max(0.0, float(np.percentile(pixels, _LIGHT_PERCENT)) - page.paper.level) / 255
    counts = np.cumsum(cv2.calcHist([pixels], [0], ink, [256], [0, 256]))
    if not counts[-1]:
        return 0.0
    dark = int(np.searchsorted(counts, 0.25 * counts[-1]))  # the darkest quartile of the ink
    return max(0.0, page.paper.level - dark) / 255


def measure_edge_px(page: ImageStatistics) -> float:
    """Width of the transition from paper to ink in pixels of the page; 0 without letters.

    The median over up to 60 letters, each measured at its steepest horizontal gradient. Wide edges
    are a sign of blur.
    """
    ratio = int(page.ratio)
    letters = page.glyphs[:: max(1, math.ceil(len(page.glyphs) / _LETTERS_MEASURED))] * ratio
    widths = []
    for left, top, width, height in letters:
        letter = page.pixels[top : top + height, max(0, left - 2) : left + width + 2]
        darkest, lightest, *_ = cv2.minMaxLoc(letter)
        falls, rises, *_ = cv2.minMaxLoc(cv2.Sobel(letter, cv2.CV_16S, 1, 0, ksize=3))
        steepest = max(-falls, rises) / 8.0  # grey levels per pixel
        widths.append((lightest - darkest) / max(1.0, steepest))
    return statistics.median(widths) if widths else 0.0


def measure_unevenness(page: ImageStatistics) -> float:
    """Range of the paper's brightness where letters stand (5th to 95th percentile), from 0 to 1.

    So the black edge of a scan and the ground around a page are no shade.
    """
    if page.paper.unevenness <= 255 * _MOST_UNEVENNESS:  # wherever letters stand, it is less
        return page.paper.unevenness / 255
    paper = map_paper(page.small)
    left, top, width, height = page.glyphs.T
    rows, columns = page.small.shape
    across = (2 * left + width) * len(paper) // (2 * columns)
    down = (2 * top + height) * len(paper) // (2 * rows)
    low, high = np.percentile(paper[down, across], (5, 95)) if len(left) else (0.0, 0.0)
    return float(high - low) / 255


def is_cut_off(page: ImageStatistics) -> bool:
    """Whether five or more letters touch one edge of the picture, so that text is cut off."""
    left, top, width, height = page.glyphs.T
    rows, columns = page.small.shape
    touching = (left <= 1, top <= 1, left + width >= columns - 1, top + height >= rows - 1)
    return any(np.count_nonzero(edge) >= _CUT_LETTERS for edge in touching)


def _problems(
    page: ImageStatistics, result: ReadingResult, *, handwritten: bool
) -> Iterator[Advice]:
    if not result.letters:
        yield Advice(
            "no-text", "No text was found.", "Check that the picture shows print, and is in focus."
        )
        return
    yield from _problems_of_picture(page)
    in_lines = page.skew.is_clear or page.vertical_skew.is_clear
    irregular = len(page.glyphs) >= _FEWEST_GLYPHS and not in_lines
    confidence = result.share_right
    if (handwritten or irregular) and confidence < _HARDLY_READ:
        yield Advice(
            "handwriting",
            "This is handwriting that can hardly be read: the confidence is only "
            f"{confidence:.0%}.",
            "Type it out. Neat modern hands are read much better than old cursive.",
        )
    elif confidence < _WELL_READ:
        yield Advice(
            "poor-reading",
            f"The text was read with a confidence of only {confidence:.0%}.",
            "Check the language, and send a sharper or larger picture.",
        )


def _problems_of_picture(page: ImageStatistics) -> Iterator[Advice]:
    x_height_px = page.x_height_px
    if 0 < x_height_px < _SMALL_LETTERS_PX:
        yield Advice(
            "small-letters",
            f"The letters are {x_height_px:.0f} px high.",
            "Move closer, or scan at 300 dpi.",
        )
    edge_px = measure_edge_px(page)
    if x_height_px and edge_px > max(4.0, _MOST_EDGE * x_height_px):
        yield Advice(
            "blurred",
            f"The picture is blurred: edges are {edge_px:.0f} px wide.",
            "Hold the camera still and let it focus.",
        )
    contrast = measure_contrast(page)
    if contrast < _LEAST_CONTRAST:
        yield Advice(
            "low-contrast",
            f"The ink is only {contrast:.0%} darker than the paper.",
            "Use more light, or a darker print.",
        )
    unevenness = measure_unevenness(page)
    if unevenness > _MOST_UNEVENNESS:
        yield Advice(
            "uneven-light",
            f"The paper's brightness differs by {unevenness:.0%} over the picture.",
            "Avoid shadows and flash; light the page from the side.",
        )
    if page.skew.is_clear and abs(page.skew.angle_deg) > _MOST_SKEW_DEG:
        yield Advice(
            "skewed",
            f"The text is turned by {page.skew.angle_deg:.0f}°.",
            "Put the page straight before taking the picture.",
        )
    if is_cut_off(page):
        yield Advice(
            "cut-off",
            "Letters touch the edge of the picture.",
            "Take the whole page into the picture, with some space around it.",
        )
