"""OCR engines by name: `ENGINES`, and the values of the option `engine`: `ENGINE_CHOICES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ocr_server.document.model import EngineInfo
from ocr_server.engines.engine import Engine
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.engines.tesseract_api import TesserocrEngine
from ocr_server.engines.tesseract_cli import PytesseractEngine

ENGINES: Mapping[str, Callable[[], Engine]] = {
    "pytesseract": PytesseractEngine,
    "tesserocr": TesserocrEngine,
    "rapidocr": RapidocrEngine,
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Keys of `ENGINES`: the engine that reads first, and one for second opinions, if any."""

    first: str
    second: str | None = None


ENGINE_CHOICES: Mapping[str, EngineChoice] = {
    **{name: EngineChoice(name) for name in ENGINES},
    "best": EngineChoice("pytesseract", "rapidocr"),
}


def new_engine(name: str) -> Engine:
    """A new engine by its key in `ENGINES`; nothing is loaded before it is used."""
    return ENGINES[name]()


def describe_choice(name: str, engine: Callable[[str], Engine] = new_engine) -> EngineInfo:
    """Version and languages of an engine choice, a key of `ENGINE_CHOICES`.

    They are those of its first engine. `engine` makes an engine from its key in `ENGINES`.

    Raises:
        EngineMissing: one of its engines is not installed.
    """
    choice = ENGINE_CHOICES[name]
    if choice.second is None:
        return engine(choice.first).describe()
    engine(choice.second).describe()
    return replace(engine(choice.first).describe(), name=name)
