"""The engine `rapidocr`: PP-OCR's neural networks, inside this process.

One network finds lines on a scaled copy of the canvas; each is cut out of the canvas and read by
the other (`engines.ppocr`). There is no layout analysis; `layout.xy_cut` finds the reading order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Line, Zone, mean_confidence
from ocr_server.engines import ppocr
from ocr_server.engines.engine import Calibration, Engine
from ocr_server.errors import LanguageMissing
from ocr_server.geometry import Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.layout.detected_lines import (
    Character,
    height_px,
    is_tall,
    levelled,
    line_of,
    parted_at_fractions,
    stacked,
    turned_upright,
    width_px,
    without_nested,
)
from ocr_server.layout.xy_cut import in_blocks

# The languages, by Tesseract's names, whose letters the networks know completely. They have no
# Cyrillic, Arabic or Indian letters and no Greek accents, and misread a fifth of words in Fraktur.
LATIN = (
    "afr", "aze", "bos", "bre", "cat", "ceb", "ces", "cos", "cym", "dan", "deu", "eng", "enm",
    "epo", "est", "eus", "fao", "fil", "fin", "fra", "frm", "fry", "gla", "gle", "glg", "hat",
    "hrv", "hun", "ind", "isl", "ita", "ita_old", "jav", "lat", "lav", "lit", "ltz", "mlt", "mri",
    "msa", "nld", "nor", "oci", "pol", "por", "que", "ron", "slk", "slv", "spa", "spa_old", "sqi",
    "srp_latn", "sun", "swa", "swe", "tur", "uzb",
)  # fmt: skip
# Those that need the whole reader.
IDEOGRAPHIC = ("chi_sim", "chi_tra", "jpn")

_LEAST_SIDE_PX = 4

# Stamps, rules and typewriters' marks are read as rows of figures. Of lines below the first
# confidence, only words from the second on are kept: F1 of typewritten tables rises from .87 to
# .90, of all other kinds it is unchanged. Pages below the third are kept whole, as no surer words
# would be left: CER of cursive pages falls from .654 to .632. The confidence of cursive pages is
# .61 at most, that of other handwritten letters .66 at least.
_LEAST_CONFIDENCE, _SURE_WORD, _LEAST_PAGE = 0.4, 0.6, 0.63

# Eleven words and figures were drawn upwards, downwards and stacked. In a wrong direction their
# confidence was .91 at most, except for those that read alike in both.
_SURE_LINE = 0.95

# Of a word of spaced letters some blanks are missed: its parts at least, their letters on average.
_FEWEST_SPACED, _MOST_IN_SPACED = 3, 2.0

_LONGEST_LINE = 100  # width as a multiple of the height; longer ones are not text


class RapidocrEngine(Engine):
    """PP-OCR on onnxruntime, in one thread; concurrent calls wait for each other.

    It ignores `ReadOptions.psm`, `ReadOptions.alphabet` and `ReadOptions.engine_alternatives`.
    """

    name = "rapidocr"
    # Fitted by `python -m benchmarks.second_reader`, and `shares_right` by `benchmarks.confidence`.
    calibration = Calibration(
        0.95, -1.60, 0.0, 4.00, handwriting=0.75, poor=0.75,
        shares_right=(
            (0.0, 0.0), (0.7, 0.2), (0.8, 0.38), (0.9, 0.6), (0.95, 0.75), (0.98, 0.86),
            (0.995, 0.9), (1.0, 0.98),
        ),
    )  # fmt: skip
    finds_lines = True
    ignores_language = True

    def __init__(self) -> None:
        self._finder, self._latin = ppocr.LineFinder(), ppocr.LineReader()
        path = ppocr.whole_reader()
        self._whole = ppocr.LineReader(path) if path else None
        self._lock = threading.Lock()

    def describe(self) -> EngineInfo:
        """Name, version and languages; nothing is loaded.

        Raises:
            EngineMissing: onnxruntime is not installed.
        """
        if not ppocr.is_installed():
            raise ppocr.missing()
        languages = tuple(sorted(LATIN + IDEOGRAPHIC)) if self._whole else LATIN
        return EngineInfo(self.name, ppocr.VERSION, languages)

    def is_installed(self) -> bool:
        """Whether it can be used; nothing is loaded."""
        return ppocr.is_installed()

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none if it is blank.

        Raises:
            DeadlinePassed: the time is over; it is checked before each line.
            EngineFailed: the engine ended with an error.
            EngineMissing: onnxruntime is not installed.
            LanguageMissing: a language of the options is not among its own.
            MemoryError: the page needs more memory than the worker may use.
        """
        deadline.check()
        known = self.describe().languages
        unknown = [name for name in options.languages if name not in known]
        if unknown:
            raise _unknown(unknown, known)
        with self._lock:
            try:
                return in_blocks(_without_guesses(tuple(self._lines(canvas, options, deadline))))
            finally:
                ppocr.give_memory_back()

    def _reader(self, options: ReadOptions) -> ppocr.LineReader:
        """The reader of Latin letters, or the whole one if a language needs it."""
        is_latin = set(IDEOGRAPHIC).isdisjoint(options.languages)
        return self._latin if is_latin or self._whole is None else self._whole

    def _lines(self, canvas: Canvas, options: ReadOptions, deadline: Deadline) -> Iterator[Line]:
        if min(canvas.width_px, canvas.height_px) < _LEAST_SIDE_PX:
            return
        for quad in levelled(without_nested(self._finder.find(canvas.pixels))):
            if is_tall(quad):
                yield from self._read_tall(canvas, quad, options, deadline)
            else:
                yield from self._read(canvas, quad, options, deadline)

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
        self,
        canvas: Canvas,
        quad: Quad,
        options: ReadOptions,
        deadline: Deadline,
        *,
        parts_fractions: bool = True,
    ) -> Iterator[Line]:
        """Read the line in a quad, in canvas pixels; nothing if it has no text.

        With `parts_fractions`, a line with fractions is read in parts.
        """
        deadline.check()
        width, height = round(width_px(quad)), round(height_px(quad))
        if height < _LEAST_SIDE_PX or not 0 < width <= _LONGEST_LINE * height:
            return
        strip = canvas.rectified(quad, width, height).scaled(ppocr.LINE_PX / height)
        parts = parted_at_fractions(quad, strip) if parts_fractions else ()
        for part in parts:
            yield from self._read(canvas, part, options, deadline, parts_fractions=False)
        if parts:
            return
        letters = self._reader(options).read(strip.pixels)
        words = _joined_if_spaced("".join(letter.text for letter in letters).split())
        if not words:
            return
        characters = [Character(*letter) for letter in letters if not letter.text.isspace()]
        yield line_of(characters, words, quad, symbols=options.symbols)


def _unknown(languages: Sequence[str], known: Sequence[str]) -> LanguageMissing:
    if languages[0] in IDEOGRAPHIC:
        cure = 'Install its letters (pipenv sync --categories "packages second-reader ideographs")'
        advice = f"{cure}, or ask for another engine."
    else:
        advice = "Ask for another engine."
    return LanguageMissing(
        f"The engine rapidocr cannot read {languages[0]}. {advice}",
        missing=list(languages),
        installed=list(known),
    )


def _joined_if_spaced(words: list[str]) -> list[str]:
    """One word of `S P A C E D` capitals, which are read as words of their own."""
    letters = "".join(words)
    is_spaced = len(words) >= _FEWEST_SPACED and len(letters) < _MOST_IN_SPACED * len(words)
    return [letters] if is_spaced and letters.isalpha() and letters.isupper() else words


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
