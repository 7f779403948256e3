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
    """Keys of `ENGINES`: those that may read first, and one for second opinions, if any.

    The first of `firsts` that is installed reads. Without `needs_second`, the second engine is
    asked only if it is installed.
    """

    firsts: tuple[str, ...]
    second: str | None = None
    needs_second: bool = False

    def engines(self, engine: Callable[[str], Engine]) -> tuple[Engine, Engine | None]:
        """The engine that reads first, and the one for second opinions, if any.

        `engine` makes an engine from its key in `ENGINES`.
        """
        *preferred, last = self.firsts
        there = (name for name in preferred if engine(name).is_installed())
        first = engine(next(there, last))
        second = engine(self.second) if self.second else None
        is_used = second and (self.needs_second or second.is_installed())
        return first, second if is_used else None


_TESSERACT = ("tesserocr", "pytesseract")  # loaded models are quicker than a process each time

ENGINE_CHOICES: Mapping[str, EngineChoice] = {
    "auto": EngineChoice(_TESSERACT, "rapidocr"),
    "tesseract": EngineChoice(_TESSERACT),
    **{name: EngineChoice((name,)) for name in ENGINES},
    "best": EngineChoice(_TESSERACT, "rapidocr", needs_second=True),
}


def new_engine(name: str) -> Engine:
    """A new engine by its key in `ENGINES`; nothing is loaded before it is used."""
    return ENGINES[name]()


def describe_choice(name: str, engine: Callable[[str], Engine] = new_engine) -> EngineInfo:
    """The engines of a choice, a key of `ENGINE_CHOICES`: names joined by `+`.

    Version and languages are those of the first. `engine` makes an engine from its key in
    `ENGINES`.

    Raises:
        EngineMissing: one of its engines is not installed.
    """
    first, second = ENGINE_CHOICES[name].engines(engine)
    info = first.describe()
    if second is None:
        return info
    return replace(info, name=f"{info.name}+{second.describe().name}")
