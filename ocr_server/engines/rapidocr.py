"""The engine `rapidocr`: PP-OCR's neural networks, inside this process.

One network finds lines on a scaled copy of the canvas; each is cut out of the canvas and read by
another (`engines.line_strips`). Of pages on which the network for print is not sure, lines are read
by the one for handwriting, too (`engines.handwriting`), with a model of words. There is no layout
analysis; `layout.xy_cut` finds the reading order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Line, Zone, confidence_of
from ocr_server.engines import ppocr
from ocr_server.engines.engine import Calibration, Engine
from ocr_server.engines.handwriting import by_the_surer
from ocr_server.engines.line_strips import LEAST_SIDE_PX, LineStrips
from ocr_server.engines.word_model import letter_model
from ocr_server.errors import LanguageMissing
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import HandwritingUse, ReadOptions
from ocr_server.layout.detected_lines import levelled, without_nested
from ocr_server.layout.xy_cut import are_columns, in_blocks

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
IDEOGRAPHIC = ("chi_sim", "chi_sim_vert", "chi_tra", "chi_tra_vert", "jpn", "jpn_vert")

# Those all of whose letters the networks for handwriting know: those of ISO 8859-1, Œ and Ÿ.
WESTERN = frozenset(
    {
        "afr", "bre", "cat", "ceb", "cos", "dan", "deu", "eng", "enm", "eus", "fao", "fil", "fin",
        "fra", "frm", "fry", "gla", "gle", "glg", "hat", "ind", "isl", "ita", "ita_old", "jav",
        "lat", "ltz", "msa", "nld", "nor", "oci", "por", "que", "spa", "spa_old", "sqi", "sun",
        "swa", "swe",
    }
)  # fmt: skip

# Stamps, rules and typewriters' marks are read as rows of figures. Of lines below the first
# confidence, only words from the second on are kept: F1 of typewritten tables rises from .87 to
# .90, of all other kinds it is unchanged. Pages below the third are kept whole, as no surer words
# would be left: CER of cursive pages falls from .654 to .632. The confidence of cursive pages is
# .61 at most, that of other handwritten letters .66 at least.
_LEAST_CONFIDENCE, _SURE_WORD, _LEAST_PAGE = 0.4, 0.6, 0.63

# Latin print is read in an eighth less time if it is narrower; F1 of receipts rises from .857 to
# .860. At .7 it falls to .841.
_NARROWER = 0.85


class RapidocrEngine(Engine):
    """PP-OCR on onnxruntime, in one thread; concurrent calls wait for each other.

    It ignores `ReadOptions.psm` and `ReadOptions.engine_alternatives`, and `ReadOptions.alphabet`
    but for single handwritten lines.
    """

    name = "rapidocr"
    # Fitted by `python -m benchmarks.second_reader`, and `shares_right` by `benchmarks.confidence`.
    calibration = Calibration(
        0.95, -1.60, 0.0, 4.00,
        shares_right=(
            (0.0, 0.0), (0.7, 0.2), (0.8, 0.38), (0.9, 0.6), (0.95, 0.75), (0.98, 0.86),
            (0.995, 0.9), (1.0, 0.98),
        ),
    )  # fmt: skip
    finds_lines = True
    ignores_language = True

    def __init__(self) -> None:
        self._finder, self._latin = ppocr.LineFinder(), ppocr.LineReader(width=_NARROWER)
        self._whole = _reader_of(ppocr.whole_reader())
        self._handwriting = _reader_of(ppocr.HANDWRITING)
        self._live = _reader_of(ppocr.TINY_HANDWRITING)
        self._own: ppocr.LineReader | None = None
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
                if options.handwriting is HandwritingUse.LINE:
                    return in_blocks(self._one_line(canvas, options, deadline))
                lines = _without_guesses(self._lines(canvas, options, deadline))
                is_vertical = _is_ideographic(options) and are_columns(lines)
                return in_blocks(lines, is_vertical=is_vertical)
            finally:
                ppocr.give_memory_back()

    def _lines(self, canvas: Canvas, options: ReadOptions, deadline: Deadline) -> tuple[Line, ...]:
        """The lines as the network for print reads them, or that for handwriting if it is surer."""
        if min(canvas.width_px, canvas.height_px) < LEAST_SIDE_PX:
            return ()
        quads = tuple(levelled(without_nested(self._finder.find(canvas.pixels))))
        use = options.handwriting if WESTERN.issuperset(options.languages) else HandwritingUse.NEVER
        if use is HandwritingUse.LIVE and self._live:
            live = LineStrips(canvas, self._live, deadline, symbols=options.symbols)
            return tuple(live.by_hand(quads, letter_model(options.languages)))
        stacks = not _is_ideographic(options)
        reader = self._latin if stacks or self._whole is None else self._whole
        strips = LineStrips(canvas, reader, deadline, symbols=options.symbols, stacks=stacks)
        by_hand = self._reader_by_hand(options) if use is HandwritingUse.AUTO else None
        if not by_hand:
            return tuple(line for quad in quads for line in strips.read(quad))
        languages = options.languages
        return tuple(by_the_surer(quads, strips, replace(strips, reader=by_hand), languages))

    def _one_line(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Line, ...]:
        """The canvas read as one handwritten line in the letters of the alphabet, if there is one.

        There is no model of words: names and numbers are in no list.
        """
        knows = WESTERN.issuperset(options.languages)
        reader = (self._reader_by_hand(options) if knows else None) or self._latin
        strips = LineStrips(canvas, reader, deadline, options.symbols, alphabet=options.alphabet)
        return tuple(strips.by_hand((canvas.box.quad(),), None))

    def _reader_by_hand(self, options: ReadOptions) -> ppocr.LineReader | None:
        """The operator's own reader of handwriting, else the server's; None if there is none."""
        if not options.handwriting_model:
            return self._handwriting
        path = Path(options.handwriting_model)
        if self._own is None or self._own.path != path:
            self._own = ppocr.LineReader(path)
        return self._own


def _is_ideographic(options: ReadOptions) -> bool:
    return not set(IDEOGRAPHIC).isdisjoint(options.languages)


def _reader_of(path: Path | None) -> ppocr.LineReader | None:
    return ppocr.LineReader(path) if path and path.exists() else None


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


def _without_guesses(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if confidence_of(lines) < _LEAST_PAGE:
        return lines
    kept = (
        line if line.confidence >= _LEAST_CONFIDENCE
        else line.filtered(lambda word: word.confidence >= _SURE_WORD)
        for line in lines
    )  # fmt: skip
    return tuple(line for line in kept if line)
