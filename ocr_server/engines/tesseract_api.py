"""Tesseract inside this process, through tesserocr: a model is loaded once and kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unicodedata import bidirectional

import numpy as np

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.engines.engine import Engine
from ocr_server.engines.tesseract_cli import ALL_PROPORTIONAL, CALIBRATION, SOURCE_DPI
from ocr_server.engines.tesseract_hocr import read_hocr
from ocr_server.engines.tesseract_iterator import read_iterator
from ocr_server.errors import EngineFailed, EngineMissing, LanguageMissing
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions

try:
    import tesserocr
except ImportError:  # an optional package
    tesserocr = None

# Models kept between readings; each holds 5 to 20 MB.
_KEPT = 4

# Where Debian puts them; the variable is Tesseract's own.
_MODELS = os.environ.get("TESSDATA_PREFIX", "/usr/share/tesseract-ocr/5/tessdata")


class TesserocrEngine(Engine):
    """Tesseract in this process, its models kept; safe to use from several threads."""

    name = "tesserocr"
    calibration = CALIBRATION

    def __init__(self, models: str = _MODELS) -> None:
        """`models` is the folder of the `.traineddata` files."""
        self._models = models
        self._idle: list[tuple[str, Any]] = []  # tesserocr has no types
        self._lock = threading.Lock()

    def describe(self) -> EngineInfo:
        """Who it is and what it can read; `osd` is not a language.

        Raises:
            EngineMissing: tesserocr is not installed, or the folder of models is not there.
        """
        if tesserocr is None:
            raise EngineMissing(
                "The engine tesserocr is not installed. Install it, or ask for pytesseract."
            )
        version = tesserocr.tesseract_version().splitlines()[0].split()[-1]
        try:
            _, names = tesserocr.get_languages(self._models)
        except RuntimeError as error:
            raise EngineMissing(
                "The engine tesserocr has no folder of models. Set TESSDATA_PREFIX to the one with "
                "the .traineddata files."
            ) from error
        return EngineInfo(self.name, version, tuple(sorted(set(names) - {"osd"})))

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none on a blank one.

        Raises:
            DeadlinePassed: the time was over; nothing of the work is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language of the reading is not installed.
        """
        deadline.check()
        with self._api("+".join(options.languages)) as api:
            api.SetPageSegMode(options.psm)
            api.SetVariable("tessedit_char_whitelist", options.alphabet or "")
            boxes = options.symbols or options.choices
            api.SetVariable("hocr_char_boxes", "1" if boxes else "0")
            api.SetVariable("lstm_choice_mode", "2" if options.choices else "0")
            pixels = np.ascontiguousarray(canvas.pixels)
            channels = 3 if canvas.is_colour else 1
            api.SetImageBytes(
                pixels.tobytes(), canvas.width_px, canvas.height_px, channels,
                canvas.width_px * channels,
            )  # fmt: skip
            api.SetSourceResolution(SOURCE_DPI)
            done = api.Recognize(max(1, int(deadline.left_s() * 1000)))
            deadline.check()
            if not done:
                raise EngineFailed("Tesseract could not read the picture.")
            zones = () if boxes else read_iterator(api.GetIterator())
            if boxes or _runs_leftwards(zones):  # the iterator gives such words as they look
                zones = read_hocr(api.GetHOCRText(0).encode(), symbols=options.symbols)
            api.Clear()
        return zones

    @contextmanager
    def _api(self, languages: str) -> Iterator[Any]:
        """A loaded model that nobody else uses meanwhile."""
        with self._lock:
            kept = next((pair for pair in self._idle if pair[0] == languages), None)
            if kept:
                self._idle.remove(kept)
        api = kept[1] if kept else self._load(languages)
        try:
            yield api
        except BaseException:
            api.End()
            raise
        with self._lock:
            self._idle.append((languages, api))
            surplus = [self._idle.pop(0) for _ in range(len(self._idle) - _KEPT)]
        for _, old in surplus:
            old.End()

    def _load(self, languages: str) -> Any:  # noqa: ANN401  # tesserocr has no types
        installed = self.describe().languages
        missing = [name for name in languages.split("+") if name not in installed]
        if missing:
            raise LanguageMissing.of(missing, installed=installed)
        # Leptonica would tell the server's log of each box without area that it meets.
        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        try:
            api = tesserocr.PyTessBaseAPI(path=self._models, lang=languages)
        except RuntimeError as error:
            raise EngineFailed(f"Tesseract could not load {languages}.") from error
        api.SetVariable(ALL_PROPORTIONAL, "1")
        return api


def _runs_leftwards(zones: tuple[Zone, ...]) -> bool:
    """Whether any letter does; among figures such a line may be taken for one that does not."""
    letters = (letter for zone in zones for word in zone.words for letter in word.text)
    return any(bidirectional(letter) in {"R", "AL"} for letter in letters)
