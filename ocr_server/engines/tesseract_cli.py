"""Tesseract, an isolated process for each reading, through pytesseract: its only user.

One run in hOCR with character boxes gives zones, lines, words, symbols, baselines and
confidences. Tesseract gets a path to pixels that we wrote, never an upload (it takes a text file
for a list of files to read) and no text of a client on its command line.
"""

from __future__ import annotations

import io
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytesseract
from PIL import Image

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.engines.engine import Calibration, Engine
from ocr_server.engines.tesseract_hocr import read_pages
from ocr_server.errors import (
    EngineFailed,
    EngineMissing,
    LanguageMissing,
    OcrServerError,
    StorageFull,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions

# Told to Tesseract instead of the file's own, as it sets the sizes that its layout analysis looks
# for: the recipe brings letters to one size, so one figure fits all; best over 54 pages.
SOURCE_DPI = 150
# Lines whose letters all have one width, as a typewriter's, are not looked for: what reads them now
# needs no such help. Of 183 pictures two read otherwise, no worse, and all in 2 % less time.
ALL_PROPORTIONAL = "textord_all_prop"
LIST_TIMEOUT_S = 20
# Without loss, and packed in no way. Leptonica reads rows of it; PNM, which is as plain, it reads
# pixel by pixel: of a receipt, two in a hundred of all that Tesseract has to do.
KIND = "bmp"


# Fitted by `python -m benchmarks.quality`; of both engines that call Tesseract.
CALIBRATION = Calibration(0.8, -3.28, 1.26, 4.65, handwriting=0.55, poor=0.6)


class PytesseractEngine(Engine):
    """Debian's `tesseract`, a process for each reading."""

    name = "pytesseract"
    calibration = CALIBRATION

    def describe(self) -> EngineInfo:
        """Version and installed languages; `osd` is not one.

        Raises:
            EngineMissing: there is no usable Tesseract.
        """
        try:
            version = str(pytesseract.get_tesseract_version())
            # get_languages() would hide names like script/Latin.
            listing = subprocess.run(  # noqa: S603  # no word of a client
                [pytesseract.pytesseract.tesseract_cmd, "--list-langs"],
                capture_output=True, text=True, timeout=LIST_TIMEOUT_S, check=False,
            )  # fmt: skip
        except SystemExit as error:
            raise EngineMissing(f"This Tesseract is too old: {error}.") from error
        except (OSError, pytesseract.TesseractNotFoundError, subprocess.SubprocessError) as error:
            raise _missing() from error
        names = (listing.stdout or listing.stderr).splitlines()[1:]
        languages = tuple(sorted(name.strip() for name in names if name.strip() not in {"", "osd"}))
        return EngineInfo(self.name, version, languages)

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas, in canvas pixels; see `Engine.recognise`."""
        (zones,) = self.recognise_all((canvas,), options, deadline)
        return zones

    def recognise_all(
        self, canvases: Sequence[Canvas], options: ReadOptions, deadline: Deadline
    ) -> Iterator[tuple[Zone, ...]]:
        """The zones of each canvas, all by one process: its start costs as much as ten lines.

        Tesseract takes the names of several pictures from a file; each is a page of its answer.
        """
        deadline.check()
        try:
            with tempfile.TemporaryDirectory(prefix="canvas-") as name:
                folder = Path(name)
                pictures = [folder / f"canvas-{number}.{KIND}" for number in range(len(canvases))]
                for picture, canvas in zip(pictures, canvases, strict=True):
                    file = io.BytesIO()  # Pillow does not notice where a disk takes a part only
                    Image.fromarray(canvas.pixels).save(file, KIND)
                    picture.write_bytes(file.getbuffer())
                source = pictures[0]
                if len(pictures) > 1:
                    source = folder / "canvases.txt"
                    source.write_text("".join(f"{picture}\n" for picture in pictures))
                hocr = pytesseract.image_to_pdf_or_hocr(
                    str(source),
                    lang="+".join(options.languages),
                    config=_command_line(options, folder),
                    extension="hocr",
                    timeout=max(deadline.left_s(), 0.01),  # 0 would mean for ever
                )
        except MemoryError:
            raise  # the worker's limit, not Tesseract's fault
        except Exception as error:
            raise translated(error, deadline) from error
        return iter(read_pages(hocr, symbols=options.symbols, count=len(canvases)))


def translated(error: Exception, deadline: Deadline) -> OcrServerError:
    """What a failure of pytesseract means to the caller.

    Order matters: a time-out is a bare RuntimeError, the base of TesseractError.
    """
    if isinstance(error, OcrServerError):
        return error
    for kind, translate in _TRANSLATIONS:
        if isinstance(error, kind):
            return translate(error, deadline)
    return EngineFailed("Tesseract could not be run. The server's log has the reason.")


def _failed(error: Exception, _: Deadline) -> OcrServerError:
    if "Failed loading language" in str(error):  # Tesseract's exit code says no more than 1
        return LanguageMissing(
            "Tesseract could not load a language file: it is damaged or missing. "
            "Install the language again, or ask for another."
        )
    return EngineFailed("Tesseract ended with an error on this page. Send the page again.")


_TRANSLATIONS: tuple[
    tuple[type[Exception], Callable[[Exception, Deadline], OcrServerError]], ...
] = (
    (pytesseract.TesseractNotFoundError, lambda _error, _deadline: _missing()),
    (pytesseract.TesseractError, _failed),
    (RuntimeError, lambda _, deadline: deadline.passed()),
    (
        FileNotFoundError,
        lambda _error, _deadline: EngineFailed(
            "Tesseract left no answer for this page. Send the page again."
        ),
    ),
    (OSError, lambda _error, _deadline: StorageFull.of_temp_dir()),
)


def _missing() -> EngineMissing:
    return EngineMissing(
        "The program tesseract was not found. Install it (on Debian: apt-get install "
        "tesseract-ocr tesseract-ocr-eng) and start the server again."
    )


def _command_line(options: ReadOptions, folder: Path) -> str:
    """Tesseract's options, of our own numbers and one file of ours."""
    arguments = f"--psm {options.psm:d} --dpi {SOURCE_DPI:d} -c {ALL_PROPORTIONAL}=1"
    if options.symbols or options.choices:
        arguments += " -c hocr_char_boxes=1"
    if options.choices:
        arguments += " -c lstm_choice_mode=2"
    if options.alphabet:
        path = folder / "alphabet"
        path.write_text(f"tessedit_char_whitelist {options.alphabet}\n", encoding="utf-8")
        arguments += f" {shlex.quote(str(path))}"
    return arguments
