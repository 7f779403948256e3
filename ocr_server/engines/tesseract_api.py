"""The engine `tesserocr`: Tesseract inside this process; a loaded model is kept for later pages.

Lines and words are taken from Tesseract's result iterator, which takes a fifth of the time of its
hOCR. Symbols and their alternatives are in the hOCR only.

Source: Tesseract 5.5, `hocrrenderer.cpp` (order and meaning of the iterator's calls).
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import bidirectional

import numpy as np

from ocr_server.deadline import Deadline
from ocr_server.document.languages import missing_languages
from ocr_server.document.model import Direction, EngineInfo, Line, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine, Script
from ocr_server.engines.tesseract_cli import (
    ALL_PROPORTIONAL,
    CALIBRATION,
    FEWEST_LETTERS,
    FEWEST_TO_TRY,
    OSD,
    REJECT_NOISE,
    SOURCE_DPI,
    rejects_noise,
    script_from,
)
from ocr_server.engines.tesseract_hocr import (
    baseline_of,
    box_of,
    read_hocr,
    rotated_quad,
    share_of,
    x_height_of,
)
from ocr_server.errors import EngineFailed, EngineMissing, LanguageMissing
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions

try:
    import tesserocr
except ImportError:  # an optional package
    tesserocr = None
# Models kept between readings; each holds 5 to 50 MB.
_KEPT = 5
_BYTES_PER_PIXEL = 5  # that a recognition takes; with 3 it finds nothing, or crashes
# Debian's folder of models; Tesseract itself reads this variable, too.
_MODELS = os.environ.get("TESSDATA_PREFIX", "/usr/share/tesseract-ocr/5/tessdata")


class _Kept(NamedTuple):
    """A loaded model, the seconds that loading it took, and its worth.

    The least worth is given up: that of the model given up last and the time of loading, when it
    was last used. So a model that takes a tenth of a second stays when some that take a hundredth
    are tried. Source: N. Young, The k-server dual and loose competitiveness for paging, 1994.
    """

    languages: str
    api: Any  # tesserocr has no types
    load_s: float
    worth: float = 0.0


class TesserocrEngine(Engine):
    """Tesseract in this process, with loaded models kept; safe to use from several threads."""

    name = "tesserocr"
    calibration = CALIBRATION

    def __init__(self, models: str = _MODELS) -> None:
        """`models` is the folder of the `.traineddata` files."""
        self._models = models
        self._idle: list[_Kept] = []
        self._least_worth = 0.0
        self._lock = threading.Lock()

    def describe(self) -> EngineInfo:
        """Name, version and installed languages, without the model `OSD`, which is none.

        Raises:
            EngineMissing: tesserocr is not installed, or the folder of models does not exist.
        """
        if tesserocr is None:
            raise EngineMissing(
                "The engine tesserocr is not installed. Install it, or ask for pytesseract."
            )
        version = tesserocr.tesseract_version().splitlines()[0].split()[-1]
        return EngineInfo(self.name, version, tuple(sorted(self._models_there() - {OSD})))

    def is_installed(self) -> bool:
        """Whether it can be used; nothing is loaded."""
        return tesserocr is not None and Path(self._models).is_dir()

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none if it is blank.

        Raises:
            DeadlinePassed: the time is over; nothing is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language of the options is not installed.
            MemoryError: there is not enough for it, of which Tesseract makes an empty page.
        """
        deadline.check()
        np.empty(_BYTES_PER_PIXEL * canvas.width_px * canvas.height_px, np.uint8)
        with self._api("+".join(options.languages)) as api:
            api.SetPageSegMode(options.psm)
            api.SetVariable("tessedit_char_whitelist", options.alphabet or "")
            api.SetVariable(REJECT_NOISE, f"{rejects_noise(options.languages):d}")
            boxes = options.symbols or options.engine_alternatives
            api.SetVariable("hocr_char_boxes", "1" if boxes else "0")
            api.SetVariable("lstm_choice_mode", "2" if options.engine_alternatives else "0")
            _give(api, canvas)
            done = api.Recognize(max(1, int(deadline.left_s() * 1000)))
            deadline.check()
            if not done:
                raise EngineFailed("Tesseract could not read the picture.")
            zones = () if boxes else read_iterator(api.GetIterator())
            if boxes or _runs_leftwards(zones):  # the iterator gives such words in visual order
                zones = read_hocr(api.GetHOCRText(0).encode(), symbols=options.symbols)
            api.Clear()
        return zones

    def detect_script(self, canvas: Canvas, deadline: Deadline) -> Script | None:
        """The script of a canvas; None with too few letters, or without the model for it.

        Raises:
            DeadlinePassed: the time is over.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
        """
        deadline.check()
        try:
            with self._api(OSD) as api:
                api.SetPageSegMode(tesserocr.PSM.OSD_ONLY)
                api.SetVariable(FEWEST_TO_TRY, FEWEST_LETTERS)
                _give(api, canvas)
                found = api.DetectOrientationScript()
                api.Clear()
        except LanguageMissing:
            return None
        if not found:
            return None
        return script_from(found["script_name"], found["script_conf"], -found["orient_deg"])

    @contextmanager
    def _api(self, languages: str) -> Iterator[Any]:
        """Yield a loaded model that no other thread uses meanwhile."""
        with self._lock:
            kept = next((one for one in self._idle if one.languages == languages), None)
            if kept:
                self._idle.remove(kept)
        if kept is None:
            started_s = time.thread_time()
            api = self._load(languages)
            kept = _Kept(languages, api, time.thread_time() - started_s)
        try:
            yield kept.api
        except BaseException:
            kept.api.End()
            raise
        with self._lock:
            self._idle.append(kept._replace(worth=self._least_worth + kept.load_s))
            surplus = sorted(self._idle, key=lambda one: one.worth)[:-_KEPT]
            for old in surplus:
                self._idle.remove(old)
                self._least_worth = old.worth
        for old in surplus:
            old.api.End()

    def _models_there(self) -> set[str]:
        try:
            _, names = tesserocr.get_languages(self._models)
        except RuntimeError as error:
            raise EngineMissing(
                "The engine tesserocr has no folder of models. Set TESSDATA_PREFIX to the one with "
                "the .traineddata files."
            ) from error
        return set(names)

    def _load(self, languages: str) -> Any:  # noqa: ANN401  # tesserocr has no types
        installed = self.describe().languages
        there = self._models_there()
        missing = [name for name in languages.split("+") if name not in there]
        if missing:
            raise missing_languages(missing, installed=installed)
        # Leptonica would write a line to the server's log for each box without area.
        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        try:
            api = tesserocr.PyTessBaseAPI(path=self._models, lang=languages)
        except RuntimeError as error:
            raise EngineFailed(f"Tesseract could not load {languages}.") from error
        api.SetVariable(ALL_PROPORTIONAL, "1")
        return api


def _give(api: Any, canvas: Canvas) -> None:  # noqa: ANN401  # tesserocr has no types
    pixels = np.ascontiguousarray(canvas.pixels)
    channels = 3 if canvas.is_colour else 1
    api.SetImageBytes(
        pixels.tobytes(), canvas.width_px, canvas.height_px, channels, canvas.width_px * channels
    )
    api.SetSourceResolution(SOURCE_DPI)


class _Level(IntEnum):
    """Tesseract's `PageIteratorLevel`."""

    BLOCK = 0
    PARAGRAPH = 1
    LINE = 2
    WORD = 3


# Tesseract's `PolyBlockType`: kinds of pictures, then horizontal and vertical rules.
_KINDS = dict.fromkeys((9, 10, 11), ZoneKind.PICTURE) | dict.fromkeys((12, 13), ZoneKind.RULE)


class _Paragraph(NamedTuple):
    number: int
    language: str | None
    direction: Direction


class _Row(NamedTuple):
    """A line without its words; `angle` is anticlockwise, as in hOCR."""

    number: int
    box: Box
    angle: int
    slope: float
    offset: float
    x_height_px: float


class _Found(NamedTuple):
    """A word with its line, its paragraph and the number of its zone on the page."""

    zone: int
    paragraph: _Paragraph
    row: _Row
    word: Word


def read_iterator(results: Any) -> tuple[Zone, ...]:  # noqa: ANN401  # tesserocr has no types
    """The zones of the page that the result iterator goes through; none if it is None.

    Coordinates are in pixels of the recognised picture. Words without text are left out, and so are
    lines and text zones without words.
    """
    boxes: list[tuple[ZoneKind, Box]] = []
    found: list[_Found] = []
    paragraph: _Paragraph | None = None
    row: _Row | None = None
    more = results is not None
    while more:
        kind = _KINDS.get(results.BlockType(), ZoneKind.TEXT)
        if kind is not ZoneKind.TEXT:
            boxes.append((kind, _box(results, _Level.LINE)))  # the box that the hOCR gives
            more = results.Next(_Level.BLOCK)
            continue
        if not results.Empty(_Level.WORD):
            if results.IsAtBeginningOf(_Level.BLOCK):
                boxes.append((kind, _box(results, _Level.BLOCK)))
            if paragraph is None or results.IsAtBeginningOf(_Level.PARAGRAPH):
                number = found[-1].paragraph.number + 1 if found else 0
                paragraph = _paragraph(results, number)
            if row is None or results.IsAtBeginningOf(_Level.LINE):
                row = _row(results, len(found))
            word = _word(results, row.angle)
            if word.text:
                found.append(_Found(len(boxes) - 1, paragraph, row, word))
        more = results.Next(_Level.WORD)
    words = {zone: list(group) for zone, group in groupby(found, lambda one: one.zone)}
    return tuple(
        Zone(kind, box.quad(), _lines(words.get(number, [])))
        for number, (kind, box) in enumerate(boxes)
        if kind is not ZoneKind.TEXT or number in words
    )


def _runs_leftwards(zones: tuple[Zone, ...]) -> bool:
    """Whether any letter is written from right to left.

    Tesseract's direction of a line does not tell: it may be wrong for a line with figures.
    """
    letters = (letter for zone in zones for word in zone.words for letter in word.text)
    return any(bidirectional(letter) in {"R", "AL"} for letter in letters)


def _lines(found: list[_Found]) -> tuple[Line, ...]:
    lines = []
    for _, group in groupby(found, lambda one: one.row.number):
        words = list(group)
        _, paragraph, row, _ = words[0]
        lines.append(
            Line(
                words=tuple(one.word for one in words),
                quad=rotated_quad(row.box, row.angle),
                baseline=baseline_of(row.box, row.angle, row.slope, row.offset),
                x_height_px=row.x_height_px,
                paragraph=paragraph.number - found[0].paragraph.number,
                language=paragraph.language,
                direction=paragraph.direction,
            )
        )
    return tuple(lines)


def _paragraph(results: Any, number: int) -> _Paragraph:  # noqa: ANN401  # tesserocr has no types
    ltr = results.ParagraphIsLtr()
    direction = Direction.LEFT_TO_RIGHT if ltr else Direction.RIGHT_TO_LEFT
    return _Paragraph(number, results.WordRecognitionLanguage() or None, direction)


def _row(results: Any, number: int) -> _Row:  # noqa: ANN401  # tesserocr has no types
    box = _box(results, _Level.LINE)
    orientation = results.Orientation()[0]
    size = results.RowAttributes()
    x_height_px = x_height_of(size["row_height"], -size["descenders"], size["ascenders"])
    ends = None if orientation else results.Baseline(_Level.LINE)
    if ends is None or ends[0][0] == ends[1][0]:
        return _Row(number, box, -90 * orientation % 360, math.nan, 0.0, x_height_px)
    (left, top), (right, bottom) = ends
    slope = (bottom - top) / (right - left)
    return _Row(number, box, 0, slope, top - box.bottom - slope * (left - box.left), x_height_px)


def _word(results: Any, angle: int) -> Word:  # noqa: ANN401  # tesserocr has no types
    return Word(
        text=results.GetUTF8Text(_Level.WORD).strip(),
        quad=rotated_quad(_box(results, _Level.WORD), angle),
        confidence=share_of(int(results.Confidence(_Level.WORD))),
    )


def _box(results: Any, level: int) -> Box:  # noqa: ANN401  # tesserocr has no types
    return box_of(*results.BoundingBox(level))
