"""The networks of PP-OCRv6 on onnxruntime: one finds the lines of a picture, one reads a line.

Both are files of this package (`networks/README.md` tells their origin), as are two more readers
for handwriting, a small and a tiny one. For Chinese and Japanese the reader with all its letters is
taken from the package rapidocr; it is the same network before it was cut to Latin letters and
quantised.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.engines.word_model import LetterModel, likeliest_path
from ocr_server.errors import EngineFailed, EngineMissing
from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.statistics import ImageStatistics

VERSION = "PP-OCRv6"

_FOLDER = Path(__file__).with_name("networks")
HANDWRITING, TINY_HANDWRITING = (
    _FOLDER / name for name in ("handwriting.onnx", "handwriting_tiny.onnx")
)
_WHOLE_READER = "models/PP-OCRv6_rec_small.onnx"  # in the package rapidocr

# Parts of messages by which onnxruntime and OpenCV report that memory could not be allocated.
_NO_MEMORY = ("bad_alloc", "Failed to allocate memory", "Insufficient memory")

# Blocks of memory from this size on are returned to the system when they are freed. With glibc's
# default, a page left half a gigabyte in the process, of which as little as a thousandth was in
# use. Source: mallopt(3).
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 4 * 1024 * 1024

# The copy on which lines are found: the shorter side of small pictures is enlarged to that of the
# pictures that the network was trained on. At 1280 px nothing is lost against 1.6 megapixels; at
# 960 px F1 of receipts falls by .01, of photographs by .02. Letters need no more than an x-height
# of 14 px: on receipts that takes a third of the copy away (F1 .855, CER .131 to .130). With 12 px
# it would be half, but F1 of a table falls by .1. With few glyphs the x-height is not sure, and
# lone figures are lost; and in small copies lines of two columns are joined.
_SHORTER_PX, _LONGEST_PX, _X_HEIGHT_PX = 736, 1280, 14.0
_FEWEST_GLYPHS, _LEAST_LONG_PX = 100, 800
_STEP_PX = 32  # sides of the copy are multiples of it
_LEAST_COPY_PX = 5  # sides of a box; smaller ones are specks

# The network's own constants (its `inference.yml`): mean and deviation of the channels, blue first;
# probability of a pixel and of a box that is text; by how much a box is enlarged.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TEXT_PIXEL, _TEXT_BOX, _ENLARGED = 0.2, 0.4, 1.4

LINE_PX = 48  # height of a line as the reader takes it
_COLUMN_PX = 8  # width of the part of a line for which it gives probabilities

# In most columns the CTC blank (no letter) is the likeliest. In doubtful ones a letter is more
# often right: with half the weight of the blank, F1 of photographs rises from .870 to .886, and CER
# of handwritten letters falls from .319 to .307.
_BLANK, _WEIGHT_OF_BLANK = 0, 0.5


class ReadLetter(NamedTuple):
    """A letter or a blank between words; `middle` is its place along the line, from 0 to 1."""

    text: str
    confidence: float
    middle: float


class Columns(NamedTuple):
    """How likely each class is in each column of a strip, (columns, classes), and the strip."""

    likely: NDArray[np.float32]
    strip: Pixels


def is_installed() -> bool:
    """Whether the networks can be run; nothing is loaded."""
    return find_spec("onnxruntime") is not None


def whole_reader() -> Path | None:
    """The file of the reader with all letters; None if the package rapidocr is not installed."""
    spec = find_spec("rapidocr")
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], _WHOLE_READER) if folders else None


class LineFinder:
    """The network that finds lines.

    Source: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020.
    """

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  # onnxruntime has no types
        return _load(_FOLDER / "lines.onnx", keeps_memory=False)

    def find(self, pixels: Pixels) -> Iterator[Quad]:
        """The quads of the lines, in pixels of the picture, from the bottom up.

        Raises:
            EngineFailed: the network ended with an error.
            EngineMissing: onnxruntime is not installed.
            MemoryError: more memory is needed than the process may use.
        """
        height_px, width_px = pixels.shape[:2]
        likely = self._run(_copy_of(pixels))
        x, y = width_px / likely.shape[1], height_px / likely.shape[0]
        is_text = np.asarray(likely > _TEXT_PIXEL, np.uint8)
        joined = cv2.dilate(is_text, np.ones((2, 2), np.uint8))
        contours, family = cv2.findContours(joined, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        for at, contour in enumerate(contours):
            if family[0, at, 3] >= 0:
                continue  # a hole
            (middle_x, middle_y), (width, height), angle_deg = cv2.minAreaRect(contour)
            if min(width, height) < _LEAST_COPY_PX - 2:
                continue
            corners = cv2.boxPoints(((middle_x, middle_y), (width, height), angle_deg))
            if _mean_within(likely, corners) < _TEXT_BOX:
                continue
            more = _ENLARGED * width * height / (width + height)  # on both sides together
            if min(width, height) + more < _LEAST_COPY_PX:
                continue
            size = (width + more, height + more)
            corners = cv2.boxPoints(((middle_x, middle_y), size, angle_deg))
            corners = np.clip(corners, 0, (likely.shape[1], likely.shape[0])) * (x, y)
            yield _from_top_left(corners)

    def _run(self, copy: Pixels) -> NDArray[np.float32]:
        """How likely each pixel of the copy is text, from 0 to 1."""
        with translated_errors():
            values = cv2.dnn.blobFromImage(copy, 1 / 255)  # (1, channels, height, width)
            values = (values - np.reshape(_MEAN, (1, 3, 1, 1))) / np.reshape(
                _DEVIATION, (1, 3, 1, 1)
            )
            (found,) = self._session.run(None, {"x": values.astype(np.float32)})
        likely: NDArray[np.float32] = found[0, 0]
        return likely


class LineReader:
    """The network that reads a line, from the file that it is loaded from.

    It takes lines that are `width` times as wide as they are, at most 1.
    """

    def __init__(self, path: Path = _FOLDER / "letters.onnx", *, width: float = 1.0) -> None:
        self.path, self.width = path, width

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  # onnxruntime has no types
        return _load(self.path, keeps_memory=True)  # little; it saves a tenth of the time

    @cached_property
    def _letters(self) -> tuple[str, ...]:
        """The letter of each class; the first is none, the last the blank between words."""
        with translated_errors():
            named = self._session.get_modelmeta().custom_metadata_map["character"]
        return ("", *named.split("\n"), " ")

    def look_at(self, strip: Pixels, alphabet: str | None = None) -> Columns:
        """Run the network on a strip, which is `LINE_PX` high.

        With `alphabet`, only its letters and the blank are read.

        Raises:
            EngineFailed: the network ended with an error.
            EngineMissing: onnxruntime is not installed.
            MemoryError: more memory is needed than the process may use.
        """
        likely = self._run(strip)
        likely[:, _BLANK] *= _WEIGHT_OF_BLANK
        if alphabet:
            likely[:, [letter not in alphabet for letter in self._letters]] = 0.0
        return Columns(likely, strip)

    def letters_of(
        self, columns: Columns, model: LetterModel | None = None
    ) -> tuple[ReadLetter, ...]:
        """The letters of a line and the blanks between its words.

        They are those of the likeliest classes of the columns or, with a model, of the likeliest
        text.
        """
        likely = columns.likely
        if model is None:
            classes = likely.argmax(axis=1)
        else:
            classes = likeliest_path(likely, self._letters, model)
        begins = np.flatnonzero(np.diff(classes, prepend=_BLANK) * classes)
        width = columns.strip.shape[1] / _COLUMN_PX  # of the line, in columns
        return tuple(
            ReadLetter(
                self._letters[classes[column]],
                float(likely[column, classes[column]]),
                min(1.0, (column + 0.5) / width),
            )
            for column in begins
        )

    def _run(self, strip: Pixels) -> NDArray[np.float32]:
        """How likely each class is in each column, (columns, classes), from 0 to 1."""
        with translated_errors():
            values = cv2.dnn.blobFromImage(_in_colour(strip), 1 / 127.5, mean=(127.5,) * 3)
            (found,) = self._session.run(None, {"x": values})
        likely: NDArray[np.float32] = found[0]
        return likely


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate the library's errors.

    Raises:
        EngineFailed: the engine ended with an error.
        MemoryError: the page needs more memory than the worker may use.
    """
    try:
        yield
    except (MemoryError, EngineMissing):
        raise
    except Exception as error:
        if any(sign in str(error) for sign in _NO_MEMORY):
            raise MemoryError from error
        raise EngineFailed(
            "The engine rapidocr ended with an error on this page. Send the page again."
        ) from error


def missing() -> EngineMissing:
    """The error to raise where the networks cannot be run."""
    return EngineMissing(
        "The engine rapidocr is not installed. Install onnxruntime "
        '(pipenv sync --categories "packages second-reader"), or ask for another engine.'
    )


def give_memory_back() -> None:
    """Return freed memory to the system."""
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _load(path: Path, *, keeps_memory: bool) -> Any:  # noqa: ANN401  # onnxruntime has no types
    try:
        import onnxruntime  # noqa: PLC0415  # takes a tenth of a second and 30 MB
    except ImportError as error:
        raise missing() from error
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = keeps_memory
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _copy_of(pixels: Pixels) -> Pixels:
    """The copy on which lines are found, (height, width, 3)."""
    height_px, width_px = pixels.shape[:2]
    shorter_px, longer_px = sorted((width_px, height_px))
    factor = min(max(1.0, _SHORTER_PX / shorter_px), _LONGEST_PX / longer_px)
    page = ImageStatistics(Canvas(pixels))
    if len(page.glyphs) >= _FEWEST_GLYPHS:
        factor = min(factor, max(_X_HEIGHT_PX / page.x_height_px, _LEAST_LONG_PX / longer_px))
    size = [max(1, round(side * factor / _STEP_PX)) * _STEP_PX for side in (width_px, height_px)]
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return _in_colour(cv2.resize(pixels, size, interpolation=way).astype(np.uint8, copy=False))


def _in_colour(pixels: Pixels) -> Pixels:
    """Pixels with three channels, blue first, as the networks were trained."""
    code = cv2.COLOR_RGB2BGR if pixels.ndim == 3 else cv2.COLOR_GRAY2BGR
    return cv2.cvtColor(pixels, code).astype(np.uint8, copy=False)


def _mean_within(values: NDArray[np.float32], corners: NDArray[Any]) -> float:
    """The mean of the values within a rectangle."""
    height, width = values.shape
    left, top = (max(0, int(low)) for low in np.floor(corners.min(axis=0)))
    right, bottom = (int(high) + 1 for high in np.ceil(corners.max(axis=0)))
    part = values[top : min(bottom, height), left : min(right, width)]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    return cv2.mean(part, mask)[0]


def _from_top_left(corners: NDArray[Any]) -> Quad:
    """The quad of four corners: of the two on the left the upper one, then clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    (top_left, bottom_left), (top_right, bottom_right) = (
        side[np.argsort(side[:, 1], kind="stable")] for side in (by_x[:2], by_x[2:])
    )
    ordered = (top_left, top_right, bottom_right, bottom_left)
    return Quad(*(Point(float(x), float(y)) for x, y in ordered))
