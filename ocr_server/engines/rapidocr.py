"""The engine `rapidocr`: PP-OCR's neural networks on onnxruntime, inside this process.

The detection network finds lines on a scaled copy of the canvas; each is cut out of the canvas and
read by the recognition network. It has no layout analysis; `layout.xy_cut` finds the reading order.
The models are part of the package; nothing is ever downloaded.
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

# The languages, by Tesseract's names, whose letters the network knows completely. It has no
# Cyrillic, Arabic or Indian letters and no Greek accents, and misread a fifth of words in Fraktur.
LANGUAGES = (
    "afr", "aze", "bos", "bre", "cat", "ceb", "ces", "chi_sim", "chi_tra", "cos", "cym", "dan",
    "deu", "eng", "enm", "epo", "est", "eus", "fao", "fil", "fin", "fra", "frm", "fry", "gla",
    "gle", "glg", "hat", "hrv", "hun", "ind", "isl", "ita", "ita_old", "jav", "jpn", "lat", "lav",
    "lit", "ltz", "mlt", "mri", "msa", "nld", "nor", "oci", "pol", "por", "que", "ron", "slk",
    "slv", "spa", "spa_old", "sqi", "srp_latn", "sun", "swa", "swe", "tur", "uzb",
)  # fmt: skip

# Size of the copy on which lines are detected: the shorter side of small pictures is enlarged to
# the size of the network's training pictures; the area is bounded, as memory grows with it.
_SIDE_PX, _MOST_PIXELS = 736, 1_600_000
_LEAST_SIDE_PX = 4

# Parts of messages by which onnxruntime and OpenCV report that memory could not be allocated.
_NO_MEMORY = ("bad_alloc", "Failed to allocate memory", "Insufficient memory")

# Unless one of these languages is requested, ideographs are misread bullets or specks.
_IDEOGRAPHIC = frozenset({"chi_sim", "chi_tra", "jpn"})

# Stamps, rules and typewriters' marks are read as rows of figures. Of lines below the first
# confidence, only words from the second on are kept: F1 of typewritten tables rises from .87 to
# .90, of all other kinds it is unchanged. Pages below the third are kept whole, as no surer words
# would be left: CER of cursive pages falls from .654 to .632. The confidence of cursive pages is
# .61 at most, that of other handwritten letters .66 at least.
_LEAST_CONFIDENCE, _SURE_WORD, _LEAST_PAGE = 0.4, 0.6, 0.63

# Confidence from which a detected box is a line. With the network's default of .5 it misses
# handwriting and figures in rows (CER of photographs falls from .185 to .176 by this limit, that of
# handwritten letters from .319 to .311).
_LEAST_LINE = 0.4

# The recognition network gives probabilities for columns of an eighth of the line's height; in most
# of them the CTC blank (no letter) is the likeliest. In doubtful columns a letter is more often
# right: with half the weight of the blank, F1 of photographs rises from .870 to .886, and CER of
# handwritten letters falls from .319 to .307.
_BLANK, _WEIGHT_OF_BLANK = 0, 0.5

# Eleven words and figures were drawn upwards, downwards and stacked. In a wrong direction their
# confidence was .91 at most, except for those that read alike in both.
_SURE_LINE = 0.95

_LINE_PX = 48  # the line height that the recognition network was trained on
_LONGEST_LINE = 100  # width as a multiple of the height; longer ones are not text

# Blocks of memory from this size on are returned to the system when they are freed. With glibc's
# default, a page left half a gigabyte in the process, of which as little as a thousandth was in
# use. Source: mallopt(3).
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 4 * 1024 * 1024


class RapidocrEngine(Engine):
    """PP-OCR on onnxruntime, in one thread; concurrent calls wait for each other.

    It ignores `ReadOptions.psm`, `ReadOptions.alphabet` and `ReadOptions.engine_alternatives`.
    """

    name = "rapidocr"
    # Fitted by `python -m benchmarks.second_reader`.
    calibration = Calibration(0.95, -2.50, 0.0, 5.08, handwriting=0.75, poor=0.75)
    finds_lines = True
    ignores_language = True

    def __init__(self) -> None:
        self._reader: Any = None  # rapidocr does not declare the types of its results
        self._lock = threading.Lock()

    def describe(self) -> EngineInfo:
        """Name, version and languages; nothing is loaded.

        Raises:
            EngineMissing: rapidocr or onnxruntime is not installed.
        """
        if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
            raise _missing()
        return EngineInfo(self.name, version("rapidocr"), LANGUAGES)

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none if it is blank.

        Raises:
            DeadlinePassed: the time is over; it is checked before each line.
            EngineFailed: the engine ended with an error.
            EngineMissing: rapidocr or onnxruntime is not installed.
            LanguageMissing: a language of the options is not in `LANGUAGES`.
            MemoryError: the page needs more memory than the worker may use.
        """
        deadline.check()
        unknown = [name for name in options.languages if name not in LANGUAGES]
        if unknown:
            raise LanguageMissing(
                f"The engine rapidocr cannot read {unknown[0]}. Ask for another engine.",
                missing=unknown,
                installed=list(LANGUAGES),
            )
        with self._lock:
            self._reader = self._reader or _load()
            try:
                return in_blocks(_without_guesses(tuple(self._lines(canvas, options, deadline))))
            finally:
                _give_memory_back()

    def _run(self, pixels: Pixels, **flags: bool) -> Any:  # noqa: ANN401  # see `_reader`
        """The result of a network for a picture.

        Raises:
            EngineFailed, MemoryError: see `_translated_errors`.
        """
        with _translated_errors():
            return self._reader(_as_bgr(pixels), **flags)

    def _lines(self, canvas: Canvas, options: ReadOptions, deadline: Deadline) -> Iterator[Line]:
        for quad in levelled(self._find(canvas)):
            if is_tall(quad):
                yield from self._read_tall(canvas, quad, options, deadline)
            else:
                yield from self._read(canvas, quad, options, deadline)

    def _find(self, canvas: Canvas) -> Iterator[Quad]:
        """Detect lines, in canvas pixels."""
        shorter_px = min(canvas.width_px, canvas.height_px)
        if shorter_px < _LEAST_SIDE_PX:
            return
        largest_factor = math.sqrt(_MOST_PIXELS / (canvas.width_px * canvas.height_px))
        small = canvas.scaled(min(max(1.0, _SIDE_PX / shorter_px), largest_factor))
        x, y = canvas.width_px / small.width_px, canvas.height_px / small.height_px
        found = self._run(small.pixels, use_det=True, use_rec=False)
        for corners in found.boxes if found.boxes is not None else ():
            yield Quad(*(Point(float(left) * x, float(top) * y) for left, top in corners))

    def _read_tall(
        self, canvas: Canvas, quad: Quad, options: ReadOptions, deadline: Deadline
    ) -> Sequence[Line]:
        """Read an upright box as a line that runs down or up, as it is, and as a stack of letters.

        The most confident reading is returned.
        """
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
        """Read the line in a quad, in canvas pixels; nothing if it has no text."""
        deadline.check()
        width, height = round(width_px(quad)), round(height_px(quad))
        if height < _LEAST_SIDE_PX or not 0 < width <= _LONGEST_LINE * height:
            return
        strip = canvas.rectified(quad, width, height).scaled(_LINE_PX / height)
        answer = self._run(strip.pixels, use_det=False, use_rec=True, return_word_box=True)
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
    """Load both networks from the files of the package.

    Raises:
        EngineMissing: rapidocr or onnxruntime is not installed.
        EngineFailed, MemoryError: see `_translated_errors`.
    """
    try:
        import onnxruntime  # noqa: F401, PLC0415  # importing rapidocr succeeds without it
        import rapidocr  # noqa: PLC0415  # takes a second and 60 MB, so only when it is needed
    except ImportError as error:
        raise _missing() from error
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    models = Path(rapidocr.__file__).with_name("models")
    with _translated_errors():
        reader: Any = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,  # pages are upright already
                "Global.use_preprocess_img": False,  # pictures are scaled in this module
                "Global.use_vertical_padding": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": 100_000,
                "Det.box_thresh": _LEAST_LINE,
                # A path is read as it is; a bare name would be downloaded.
                "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
                "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
            }
        )
        blank = np.full((_LINE_PX, _LINE_PX, 3), 255, np.uint8)
        reader(blank, use_det=False, use_rec=True)  # the first line loads the network
    reader.text_rec.postprocess_op = _with_less_blank(reader.text_rec.postprocess_op)
    return reader


def _with_less_blank(decode: Callable[..., Any]) -> Callable[..., Any]:
    """CTC decoding with the blank class weighted down by half.

    `decode` takes an array of probabilities of the shape (lines, columns, classes).
    """

    def decode_with_less_blank(
        probabilities: NDArray[np.float32],
        *args: Any,  # noqa: ANN401  # passed on as they are
        **options: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        probabilities[..., _BLANK] *= _WEIGHT_OF_BLANK
        return decode(probabilities, *args, **options)

    return decode_with_less_blank


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the library's errors.

    Raises:
        EngineFailed: the engine ended with an error.
        MemoryError: the page needs more memory than the worker may use.
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
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _missing() -> EngineMissing:
    return EngineMissing(
        "The engine rapidocr is not installed. Install rapidocr and onnxruntime "
        '(pipenv sync --categories "packages second-reader"), or ask for another engine.'
    )


def _as_bgr(pixels: Pixels) -> Pixels:
    """Pixels as BGR, (height, width, 3), which the networks were trained on."""
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
