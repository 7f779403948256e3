"""The engine `tesserocr`: Tesseract inside this process; a loaded model is kept for later pages.

Lines and words are taken from Tesseract's result iterator, which takes a fifth of the time of its
hOCR. Symbols and their alternatives are in the hOCR only.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import bidirectional

import numpy as np

from ocr_server.deadline import Deadline
from ocr_server.document.languages import missing_languages
from ocr_server.document.model import EngineInfo, Zone
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
    read_hocr,
)
from ocr_server.engines.tesseract_iterator import read_iterator
from ocr_server.errors import EngineFailed, EngineMissing, LanguageMissing
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


def _runs_leftwards(zones: tuple[Zone, ...]) -> bool:
    """Whether any letter is written from right to left.

    Tesseract's direction of a line does not tell: it may be wrong for a line with figures.
    """
    letters = (letter for zone in zones for word in zone.words for letter in word.text)
    return any(bidirectional(letter) in {"R", "AL"} for letter in letters)
