"""Engines: what turns a canvas into zones. `ENGINES` names them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ocr_server.recognition.best import BestEngine
from ocr_server.recognition.engine import Engine
from ocr_server.recognition.rapidocr import RapidocrEngine
from ocr_server.recognition.tesseract import PytesseractEngine
from ocr_server.recognition.warm import WarmEngine

ENGINES: Mapping[str, Callable[[], Engine]] = {
    "pytesseract": PytesseractEngine,
    "tesserocr": WarmEngine,
    "rapidocr": RapidocrEngine,
    "best": BestEngine,
}
