"""The engine `pytesseract`: one Tesseract process per reading; the only user of pytesseract.

A reading in hOCR, with character boxes if wanted, gives zones, lines, words, symbols, baselines and
confidences. Tesseract is given a file with pixels that were written here, never an upload (it takes
a text file for a list of files to read), and no text of a client on its command line.
"""

from __future__ import annotations

import io
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytesseract
from PIL import Image

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.engines.engine import Calibration, Engine, Script
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

# Resolution given to Tesseract instead of the file's, which decides the sizes that its layout
# analysis expects. The recipe scales letters to one size, so one value suits all pages; this one
# was the best on 54 pages.
SOURCE_DPI = 150
# Tesseract's variable that turns off the search for lines of fixed pitch, as a typewriter's: its
# recognition needs it no longer. On 183 pictures two results differed, none was worse, and all took
# 2 % less time.
ALL_PROPORTIONAL = "textord_all_prop"
# Tesseract's variable for leaving out rows of many small pieces, as noise is. Arabic letters have
# dots, which are such pieces: of 349 printed lines 40 were left out, and without it one; the error
# rate fell from 11.5 to 2.5 %. Source: tesseract-ocr/tesseract, issue 4582.
REJECT_NOISE = "textord_noise_rejrows"
_DOTTED = frozenset({"ara", "fas", "pus", "snd", "uig", "urd", "script/Arabic"})
LIST_TIMEOUT_S = 20
# Tesseract's model that tells scripts and orientation, which is no language. Of 50 letters, as is
# built in, lines and bands have too few; with 10 their script is told.
OSD = "osd"
FEWEST_TO_TRY, FEWEST_LETTERS = "min_characters_to_try", "10"
# Lossless and uncompressed. Leptonica reads it row by row, and PNM, which is as simple, pixel by
# pixel: for a receipt that takes 2 % of Tesseract's whole time.
KIND = "bmp"


# Fitted by `python -m benchmarks.quality`, and `shares_right` by `benchmarks.confidence`; valid for
# both engines that use Tesseract.
CALIBRATION = Calibration(
    0.8, -3.28, 1.26, 4.65,
    shares_right=(
        (0.0, 0.03), (0.1, 0.1), (0.4, 0.24), (0.6, 0.44), (0.8, 0.61), (0.9, 0.78), (0.95, 0.97),
        (1.0, 1.0),
    ),
)  # fmt: skip


class PytesseractEngine(Engine):
    """The program `tesseract`, started once per reading."""

    name = "pytesseract"
    calibration = CALIBRATION

    def describe(self) -> EngineInfo:
        """Name, version and installed languages, without the model `OSD`, which is none.

        Raises:
            EngineMissing: Tesseract is not installed, too old, or does not answer.
        """
        try:
            version = str(pytesseract.get_tesseract_version())
            # get_languages() would hide names like script/Latin.
            listing = subprocess.run(  # noqa: S603  # no text of a client
                [pytesseract.pytesseract.tesseract_cmd, "--list-langs"],
                capture_output=True, text=True, timeout=LIST_TIMEOUT_S, check=False,
            )  # fmt: skip
        except SystemExit as error:
            raise EngineMissing(f"This Tesseract is too old: {error}.") from error
        except (OSError, pytesseract.TesseractNotFoundError, subprocess.SubprocessError) as error:
            raise _missing() from error
        names = (listing.stdout or listing.stderr).splitlines()[1:]
        languages = tuple(sorted(name.strip() for name in names if name.strip() not in {"", OSD}))
        return EngineInfo(self.name, version, languages)

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none if it is blank.

        Raises:
            DeadlinePassed: the time is over; the process was ended.
            EngineFailed: Tesseract ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language cannot be loaded.
            StorageFull: the canvas or the hOCR could not be written.
        """
        (zones,) = self.recognise_all((canvas,), options, deadline)
        return zones

    def recognise_all(
        self, canvases: Sequence[Canvas], options: ReadOptions, deadline: Deadline
    ) -> Iterator[tuple[Zone, ...]]:
        """The zones of each canvas, in pixels of that canvas, read by one process.

        Starting it takes as long as reading ten lines. Tesseract takes the paths of several
        pictures from a text file and gives one hOCR page for each.

        Raises:
            DeadlinePassed: the time is over; the process was ended.
            EngineFailed: Tesseract ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language cannot be loaded.
            StorageFull: the canvases or the hOCR could not be written.
        """
        deadline.check()
        try:
            with tempfile.TemporaryDirectory(prefix="canvas-") as name:
                folder = Path(name)
                pictures = [folder / f"canvas-{number}.{KIND}" for number in range(len(canvases))]
                for picture, canvas in zip(pictures, canvases, strict=True):
                    _write(canvas, picture)
                source = pictures[0]
                if len(pictures) > 1:
                    source = folder / "canvases.txt"
                    source.write_text("".join(f"{picture}\n" for picture in pictures))
                hocr = pytesseract.image_to_pdf_or_hocr(
                    str(source),
                    lang="+".join(options.languages),
                    config=_command_line(options, folder),
                    extension="hocr",
                    timeout=max(deadline.left_s(), 0.01),  # 0 means no limit
                )
        except MemoryError:
            raise  # the limit of the worker process, no fault of Tesseract
        except Exception as error:
            raise translated(error, deadline) from error
        return iter(read_pages(hocr, symbols=options.symbols, count=len(canvases)))

    def detect_script(self, canvas: Canvas, deadline: Deadline) -> Script | None:
        """The script of a canvas; None with too few letters, or without the model for it.

        Raises:
            DeadlinePassed: the time is over; the process was ended.
            EngineFailed: Tesseract ended with an error.
            EngineMissing: it is not installed.
            StorageFull: the canvas could not be written.
        """
        deadline.check()
        try:
            with tempfile.TemporaryDirectory(prefix="canvas-") as name:
                picture = Path(name) / f"canvas.{KIND}"
                _write(canvas, picture)
                found = pytesseract.image_to_osd(
                    str(picture),
                    config=f"--dpi {SOURCE_DPI:d} -c {FEWEST_TO_TRY}={FEWEST_LETTERS}",
                    output_type=pytesseract.Output.DICT,
                    timeout=max(deadline.left_s(), 0.01),  # 0 means no limit
                )
        except pytesseract.TesseractNotFoundError as error:
            raise _missing() from error
        except (pytesseract.TesseractError, ValueError):  # too few letters, or no model
            return None
        except (RuntimeError, OSError) as error:
            raise translated(error, deadline) from error
        return script_from(found["script"], found["script_conf"], found["rotate"])


def script_from(name: str, confidence: float, clockwise_deg: int) -> Script:
    """What Tesseract tells of a script; `clockwise_deg` makes its text upright."""
    return Script(name, float(confidence), clockwise_deg % 360 // 90)


def rejects_noise(languages: Iterable[str]) -> bool:
    """Whether rows that look like noise are left out: not in Arabic letters."""
    return _DOTTED.isdisjoint(languages)


def translated(error: Exception, deadline: Deadline) -> OcrServerError:
    """The error to raise for an error of pytesseract.

    The order of the kinds matters: a time-out is a RuntimeError, the base class of TesseractError.
    """
    if isinstance(error, OcrServerError):
        return error
    for kind, translate in _TRANSLATIONS:
        if isinstance(error, kind):
            return translate(error, deadline)
    return EngineFailed("Tesseract could not be run. The server's log has the reason.")


def _failed(error: Exception, _: Deadline) -> OcrServerError:
    if "Failed loading language" in str(error):  # the exit code is 1 for any error
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


def _write(canvas: Canvas, picture: Path) -> None:
    file = io.BytesIO()  # Pillow ignores that a full disk takes only part of a file
    Image.fromarray(canvas.pixels).save(file, KIND)
    picture.write_bytes(file.getbuffer())


def _command_line(options: ReadOptions, folder: Path) -> str:
    """Tesseract's command line: numbers, and the path of a file with the alphabet."""
    arguments = f"--psm {options.psm:d} --dpi {SOURCE_DPI:d} -c {ALL_PROPORTIONAL}=1"
    arguments += f" -c {REJECT_NOISE}={rejects_noise(options.languages):d}"
    if options.symbols or options.engine_alternatives:
        arguments += " -c hocr_char_boxes=1"
    if options.engine_alternatives:
        arguments += " -c lstm_choice_mode=2"
    if options.alphabet:
        path = folder / "alphabet"
        path.write_text(f"tessedit_char_whitelist {options.alphabet}\n", encoding="utf-8")
        arguments += f" {shlex.quote(str(path))}"
    return arguments
