"""The second reader: the networks of PP-OCR through rapidocr, inside this process.

One network finds lines on a small copy of the canvas; each is cut out of the canvas itself, and
the other reads it. Layout it knows none; `layout.xy_cut` puts the lines in order. The models
come inside the package, and nothing is ever downloaded.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_server.deadline import Deadline
from ocr_server.document.characters import is_ideograph
from ocr_server.document.model import EngineInfo, Line, Zone, mean_confidence
from ocr_server.engines.engine import Calibration, Engine
from ocr_server.errors import EngineFailed, EngineMissing, LanguageMissing
from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import ReadOptions
from ocr_server.layout.detected_lines import (
    Character,
    height_px,
    is_tall,
    levelled,
    line_of,
    stacked,
    turned_upright,
    width_px,
)
from ocr_server.layout.xy_cut import in_blocks

# Those of Tesseract's languages all of whose letters the network can write. It knows no Cyrillic,
# no Arabic, no Indian script and no accents of Greek; of Fraktur it misread a fifth of the words.
LANGUAGES = (
    "afr", "aze", "bos", "bre", "cat", "ceb", "ces", "chi_sim", "chi_tra", "cos", "cym", "dan",
    "deu", "eng", "enm", "epo", "est", "eus", "fao", "fil", "fin", "fra", "frm", "fry", "gla",
    "gle", "glg", "hat", "hrv", "hun", "ind", "isl", "ita", "ita_old", "jav", "jpn", "lat", "lav",
    "lit", "ltz", "mlt", "mri", "msa", "nld", "nor", "oci", "pol", "por", "que", "ron", "slk",
    "slv", "spa", "spa_old", "sqi", "srp_latn", "sun", "swa", "swe", "tur", "uzb",
)  # fmt: skip

# The copy on which lines are looked for: small pictures are enlarged to the side that the network
# was trained on, and a large one's area is bounded, as the network's memory grows with it.
_SIDE_PX, _MOST_PIXELS = 736, 1_600_000
_LEAST_SIDE_PX = 4

# onnxruntime and OpenCV say in words that they were not given memory.
_NO_MEMORY = ("bad_alloc", "Failed to allocate memory", "Insufficient memory")

# Where none of these is asked for, an ideograph is a bullet or a flaw of the paper.
_IDEOGRAPHIC = frozenset({"chi_sim", "chi_tra", "jpn"})

# Stamps, rules and the marks of a typewriter are read as a row of figures. Where a line is mostly
# guessed, only words that are not are kept: of typewritten tables F1 rises from .87 to .90, of all
# other kinds it stays. Where the whole page is, guesses are all there is: with them, CER of cursive
# pages falls from .654 to .632. Their confidence was .61 at most, that of letters .66 at least.
_LEAST_CONFIDENCE, _SURE_WORD, _LEAST_PAGE = 0.4, 0.6, 0.63

# What the network holds for a line is one from this confidence on: at its own limit of .5 it passes
# over handwriting and figures in rows (CER of photographs .185 to .176, of letters .319 to .311).
_LEAST_LINE = 0.4

# Its answer has a column for each eighth of a line's height, and in most of them no letter is the
# likeliest. Where it doubts, a letter is there more often than none: with half of the weight for
# none, F1 of photographs rises from .870 to .886, CER of letters falls from .319 to .307.
_NO_LETTER, _WEIGHT_OF_NONE = 0, 0.5

# Of eleven words and figures drawn down, up and in stacks, none was read so surely the wrong way,
# but for those that read the same: .91 at most.
_SURE_LINE = 0.95

_LINE_PX = 48  # the height of lines that the reading network was trained on
_LONGEST_LINE = 100  # times its height; nothing so long is text

# Large pieces of memory go back to the system at once. As glibc has it by itself, a page left half
# a gigabyte in the process, and as little as a thousandth of it in use. Source: mallopt(3).
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 4 * 1024 * 1024


class RapidocrEngine(Engine):
    """PP-OCR on onnxruntime: one thread, one canvas at a time, whoever asks.

    `psm`, `choices` and `alphabet` of the options mean nothing to it.
    """

    name = "rapidocr"
    # Fitted by `python -m benchmarks.second_reader`.
    calibration = Calibration(0.95, -2.50, 0.0, 5.08, handwriting=0.75, poor=0.75)
    finds_lines = True

    def __init__(self) -> None:
        self._reader: Any = None  # rapidocr's types do not tell what comes out
        self._lock = threading.Lock()

    def describe(self) -> EngineInfo:
        """Who it is and what it can read; nothing is loaded for that.

        Raises:
            EngineMissing: rapidocr or onnxruntime is not installed.
        """
        if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
            raise _missing()
        return EngineInfo(self.name, version("rapidocr"), LANGUAGES)

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas, in canvas pixels; see `Engine.recognise`."""
        deadline.check()
        beyond = [name for name in options.languages if name not in LANGUAGES]
        if beyond:
            raise LanguageMissing(
                f"The engine rapidocr cannot read {beyond[0]}. Ask for another engine.",
                missing=beyond,
                installed=list(LANGUAGES),
            )
        with self._lock:
            self._reader = self._reader or _load()
            try:
                return in_blocks(_without_guesses(tuple(self._lines(canvas, options, deadline))))
            finally:
                _give_memory_back()

    def _ask(self, pixels: Pixels, **how: bool) -> Any:  # noqa: ANN401  # as above
        """What a network says of a picture; raises as `_errors_told` does."""
        with _errors_told():
            return self._reader(_coloured(pixels), **how)

    def _lines(self, canvas: Canvas, options: ReadOptions, deadline: Deadline) -> Iterator[Line]:
        for quad in levelled(self._find(canvas)):
            if is_tall(quad):
                yield from self._read_tall(canvas, quad, options, deadline)
            else:
                yield from self._read(canvas, quad, options, deadline)

    def _find(self, canvas: Canvas) -> Iterator[Quad]:
        """Where lines stand."""
        shorter_px = min(canvas.width_px, canvas.height_px)
        if shorter_px < _LEAST_SIDE_PX:
            return
        most = math.sqrt(_MOST_PIXELS / (canvas.width_px * canvas.height_px))
        small = canvas.scaled(min(max(1.0, _SIDE_PX / shorter_px), most))
        x, y = canvas.width_px / small.width_px, canvas.height_px / small.height_px
        found = self._ask(small.pixels, use_det=True, use_rec=False)
        for corners in found.boxes if found.boxes is not None else ():
            yield Quad(*(Point(float(left) * x, float(top) * y) for left, top in corners))

    def _read_tall(
        self, canvas: Canvas, quad: Quad, options: ReadOptions, deadline: Deadline
    ) -> Sequence[Line]:
        """A line turned either way, a letter, or what stands one above another: what is sure."""
        down, up = turned_upright(quad)
        readings: list[list[Line]] = []
        for parts in ((down,), (up,), (quad,), stacked(quad, canvas)):
            lines = [line for part in parts for line in self._read(canvas, part, options, deadline)]
            readings.append(lines)
            if _confidence(lines) >= _SURE_LINE:
                break
        return max(readings, key=_confidence)

    def _read(
        self, canvas: Canvas, quad: Quad, options: ReadOptions, deadline: Deadline
    ) -> Iterator[Line]:
        """The line in a quad, if anything stands there."""
        deadline.check()
        width, height = round(width_px(quad)), round(height_px(quad))
        if height < _LEAST_SIDE_PX or not 0 < width <= _LONGEST_LINE * height:
            return
        strip = canvas.rectified(quad, width, height).scaled(_LINE_PX / height)
        answer = self._ask(strip.pixels, use_det=False, use_rec=True, return_word_box=True)
        if not answer.txts or not answer.txts[0].strip():
            return
        text, found = answer.txts[0], answer.word_results[0]
        columns = iter([column for word in found.word_cols for column in word])
        characters = tuple(
            Character(one, confidence, (next(columns) + 0.5) / found.line_txt_len)
            for one, confidence in zip(text, found.confs, strict=True)
            if not one.isspace()
        )
        if _IDEOGRAPHIC.isdisjoint(options.languages):
            text = "".join(one for one in text if not is_ideograph(one))
            characters = tuple(one for one in characters if not is_ideograph(one.text))
        if not characters:
            return
        yield line_of(characters, tuple(text.split()), quad, symbols=options.symbols)


def _load() -> Any:  # noqa: ANN401  # see RapidocrEngine
    """The networks, of the package's own files.

    Raises:
        EngineMissing: rapidocr or onnxruntime is not installed.
        EngineFailed, MemoryError: as `_errors_told` has it.
    """
    try:
        import onnxruntime  # noqa: F401, PLC0415  # rapidocr itself starts without it
        import rapidocr  # noqa: PLC0415  # takes a second and 60 MB, for whoever asks for it
    except ImportError as error:
        raise _missing() from error
    with suppress(AttributeError):  # glibc alone has it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    models = Path(rapidocr.__file__).with_name("models")
    with _errors_told():
        reader: Any = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,  # pages are turned upright before
                "Global.use_preprocess_img": False,  # sizes are decided here
                "Global.use_vertical_padding": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": 100_000,
                "Det.box_thresh": _LEAST_LINE,
                # A path is read as it is; only a name would be looked for, and downloaded.
                "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
                "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
            }
        )
        blank = np.full((_LINE_PX, _LINE_PX, 3), 255, np.uint8)
        reader(blank, use_det=False, use_rec=True)  # the first line loads the network
    reader.text_rec.postprocess_op = _with_doubt(reader.text_rec.postprocess_op)
    return reader


def _with_doubt(decode: Callable[..., Any]) -> Callable[..., Any]:
    """The same decoding of the network's answer, (lines, columns, letters), with less of none."""

    def decode_with_doubt(likely: NDArray[np.float32], *args: Any, **how: Any) -> Any:  # noqa: ANN401
        likely[..., _NO_LETTER] *= _WEIGHT_OF_NONE
        return decode(likely, *args, **how)

    return decode_with_doubt


@contextmanager
def _errors_told() -> Iterator[None]:
    """The library's errors as those of the engine.

    Raises:
        EngineFailed: it ended with an error.
        MemoryError: it needs more memory than the worker may use.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if any(sign in str(error) for sign in _NO_MEMORY):
            raise MemoryError from error
        raise EngineFailed(
            "The engine rapidocr ended with an error on this page. Send the page again."
        ) from error


def _give_memory_back() -> None:
    with suppress(AttributeError):  # as above
        ctypes.CDLL(None).malloc_trim(0)


def _missing() -> EngineMissing:
    return EngineMissing(
        "The engine rapidocr is not installed. Install rapidocr and onnxruntime "
        '(pipenv sync --categories "packages second-reader"), or ask for another engine.'
    )


def _coloured(pixels: Pixels) -> Pixels:
    """Blue, green and red, as the networks were trained on."""
    return np.ascontiguousarray(pixels[..., ::-1] if pixels.ndim == 3 else np.dstack([pixels] * 3))


def _confidence(lines: Sequence[Line]) -> float:
    return mean_confidence(tuple(word for line in lines for word in line.words))


def _without_guesses(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if _confidence(lines) < _LEAST_PAGE:
        return lines
    kept = (
        line if line.confidence >= _LEAST_CONFIDENCE
        else line.filtered(lambda word: word.confidence >= _SURE_WORD)
        for line in lines
    )  # fmt: skip
    return tuple(line for line in kept if line)
