"""Engines: what turns a canvas into zones. `ENGINES` names them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ocr_server.engines.best import BestEngine
from ocr_server.engines.engine import Engine
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.engines.tesseract_api import TesserocrEngine
from ocr_server.engines.tesseract_cli import PytesseractEngine

ENGINES: Mapping[str, Callable[[], Engine]] = {
    "pytesseract": PytesseractEngine,
    "tesserocr": TesserocrEngine,
    "rapidocr": RapidocrEngine,
    "best": BestEngine,
}
