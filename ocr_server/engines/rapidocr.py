"""The engine `rapidocr`: PP-OCR's neural networks, inside this process.

One network finds lines on a scaled copy of the canvas; each is cut out of the canvas and read by
another (`engines.ppocr`). Of pages on which the network for print is not sure, lines are read by
the one for handwriting, too, with a model of words (`engines.word_model`). There is no layout
analysis; `layout.xy_cut` finds the reading order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Line, Zone, mean_confidence
from ocr_server.engines import ppocr
from ocr_server.engines.engine import Calibration, Engine
from ocr_server.engines.word_model import LetterModel, letter_model
from ocr_server.errors import LanguageMissing
from ocr_server.geometry import Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import HandwritingUse, ReadOptions
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

# A page on which the network for print is less sure than this may be handwritten: modern hands have
# .951 at most, receipts .974 at least. It is, if its words are not alike to those of the language
# (of hands -2.65 at most, of typewriting -2.37 at least) and the other network is about as sure;
# where there is no list of words, if that is surer of a doubtful page. CER of 18 pages of modern
# hands falls from .214 to .101, of seven letters of 1905 from .269 to .247; print stays as it is.
# Tried, and left out: the surer network for each line, and on printed pages for lines in doubt (CER
# of typewritten pages .131 to .138).
_SURELY_PRINT, _LIKE_WORDS, _ABOUT, _DOUBTFUL_PAGE = 0.96, -2.5, 0.05, 0.9
# So many of the longest lines, some 30 words, are read by both first. If they are handwriting, and
# its network is the surer, the rest of the page is read by that alone.
_SAMPLE = 5

_LONGEST_LINE = 100  # width as a multiple of the height; longer ones are not text


class RapidocrEngine(Engine):
    """PP-OCR on onnxruntime, in one thread; concurrent calls wait for each other.

    It ignores `ReadOptions.psm` and `ReadOptions.engine_alternatives`, and `ReadOptions.alphabet`
    but for single handwritten lines.
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
        if min(canvas.width_px, canvas.height_px) < _LEAST_SIDE_PX:
            return ()
        quads = tuple(levelled(without_nested(self._finder.find(canvas.pixels))))
        use = options.handwriting if WESTERN.issuperset(options.languages) else HandwritingUse.NEVER
        if use is HandwritingUse.LIVE and self._live:
            live = _Strips(canvas, self._live, deadline, symbols=options.symbols)
            return tuple(live.by_hand(quads, letter_model(options.languages)))
        stacks = not _is_ideographic(options)
        reader = self._latin if stacks or self._whole is None else self._whole
        strips = _Strips(canvas, reader, deadline, symbols=options.symbols, stacks=stacks)
        by_hand = self._reader_by_hand(options) if use is HandwritingUse.AUTO else None
        if not by_hand:
            return tuple(line for quad in quads for line in strips.read(quad))
        languages = options.languages
        return tuple(_by_the_surer(quads, strips, replace(strips, reader=by_hand), languages))

    def _one_line(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Line, ...]:
        """The canvas read as one handwritten line in the letters of the alphabet, if there is one.

        There is no model of words: names and numbers are in no list.
        """
        knows = WESTERN.issuperset(options.languages)
        reader = (self._reader_by_hand(options) if knows else None) or self._latin
        strips = _Strips(canvas, reader, deadline, options.symbols, alphabet=options.alphabet)
        return tuple(strips.by_hand((canvas.box.quad(),), None))

    def _reader_by_hand(self, options: ReadOptions) -> ppocr.LineReader | None:
        """The operator's own reader of handwriting, else the server's; None if there is none."""
        if not options.handwriting_model:
            return self._handwriting
        path = Path(options.handwriting_model)
        if self._own is None or self._own.path != path:
            self._own = ppocr.LineReader(path)
        return self._own


@dataclass(frozen=True, slots=True)
class _Strips:
    """The strips of a canvas that hold its lines, and the network that reads them.

    `stacks`: upright boxes may be stacks of letters. The network reads a column of ideographs as a
    line that runs down.
    """

    canvas: Canvas
    reader: ppocr.LineReader
    deadline: Deadline
    symbols: bool
    stacks: bool = True
    alphabet: str | None = None

    def read(self, quad: Quad) -> Sequence[Line]:
        """Read the line, or the lines, in a quad; none if it has no text."""
        return self._read_tall(quad) if is_tall(quad) else list(self._read(quad))

    def by_hand(self, quads: Iterable[Quad], model: LetterModel | None) -> Iterator[Line]:
        """Read the handwritten lines in the quads."""
        for quad in quads:
            columns = self._look_at(quad)
            line = columns and self._line(quad, columns, model)
            if line:
                yield replace(line, handwritten=True)

    def read_again(
        self, lines: Sequence[Line], model: LetterModel | None, *, surer_by: float
    ) -> tuple[Line, ...]:
        """The lines as the network for handwriting reads them; none if it is not so much surer.

        The model is asked only then: letters that it chose are less sure.
        """
        seen = [self._look_at(line.quad) for line in lines]
        pairs = list(zip(lines, seen, strict=True))
        found = [columns and self._line(line.quad, columns) for line, columns in pairs]
        surer = _confidence([line for line in found if line]) - _confidence(lines)
        if surer <= surer_by:
            return ()
        if model:
            found = [columns and self._line(line.quad, columns, model) for line, columns in pairs]
        return tuple(
            replace(written, handwritten=True) if written else line
            for line, written in zip(lines, found, strict=True)
        )

    def _read_tall(self, quad: Quad) -> Sequence[Line]:
        """Read an upright box as a line that runs down or up, as it is, and as a stack, if allowed.

        The most confident reading is returned.
        """
        down, up = turned_upright(quad)
        readings: list[list[Line]] = []
        stack = stacked(quad, self.canvas) if self.stacks else ()
        for parts in ((down,), (up,), (quad,), stack):
            lines = [line for part in parts for line in self._read(part)]
            readings.append(lines)
            if _confidence(lines) >= _SURE_LINE:
                break
        return max(readings, key=_confidence)

    def _read(self, quad: Quad, *, parts_fractions: bool = True) -> Iterator[Line]:
        """Read the line in a quad, in canvas pixels; nothing if it has no text.

        With `parts_fractions`, a line with fractions is read in parts.
        """
        strip = self._strip(quad)
        if strip is None:
            return
        parts = parted_at_fractions(quad, strip) if parts_fractions else ()
        for part in parts:
            yield from self._read(part, parts_fractions=False)
        if parts:
            return
        line = self._line(quad, self.reader.look_at(strip.pixels))
        if line:
            yield line

    def _look_at(self, quad: Quad) -> ppocr.Columns | None:
        strip = self._strip(quad)
        return self.reader.look_at(strip.pixels, self.alphabet) if strip else None

    def _strip(self, quad: Quad) -> Canvas | None:
        """The part of the canvas in a quad, as high as the networks take it; None if it is none."""
        self.deadline.check()
        width, height = round(width_px(quad)), round(height_px(quad))
        if height < _LEAST_SIDE_PX or not 0 < width <= _LONGEST_LINE * height:
            return None
        return self.canvas.rectified(quad, width, height).scaled(ppocr.LINE_PX / height)

    def _line(
        self, quad: Quad, columns: ppocr.Columns, model: LetterModel | None = None
    ) -> Line | None:
        """The line in a quad; None if it has no text."""
        letters = self.reader.letters_of(columns, model)
        words = _joined_if_spaced("".join(letter.text for letter in letters).split())
        if not words:
            return None
        characters = [Character(*letter) for letter in letters if not letter.text.isspace()]
        return line_of(characters, words, quad, symbols=self.symbols)


def _is_ideographic(options: ReadOptions) -> bool:
    return not set(IDEOGRAPHIC).isdisjoint(options.languages)


def _by_the_surer(
    quads: Sequence[Quad], printed: _Strips, written: _Strips, languages: Sequence[str]
) -> Iterator[Line]:
    """The lines in the quads as the network for print reads them, or that for handwriting.

    Where the longest lines are surely handwritten, the others are not read as print at all.
    """
    longest = sorted(quads, key=width_px, reverse=True)[: _SAMPLE if len(quads) > _SAMPLE else 0]
    read = {quad: printed.read(quad) for quad in longest}
    sample = [line for quad in longest for line in read[quad]]
    again = iter(_as_handwriting(sample, written, languages, is_sample=True))
    by_hand = {quad: list(islice(again, len(read[quad]))) for quad in longest}
    if not any(by_hand.values()):
        lines = [line for quad in quads for line in read.get(quad) or printed.read(quad)]
        yield from _as_handwriting(lines, written, languages) or lines
        return
    model = letter_model(languages)
    for quad in quads:
        if quad in by_hand:
            yield from by_hand[quad]
        else:
            yield from tuple(written.by_hand([quad], model)) or printed.read(quad)


def _as_handwriting(
    lines: Sequence[Line], strips: _Strips, languages: Sequence[str], *, is_sample: bool = False
) -> tuple[Line, ...]:
    """The lines as the network for handwriting reads them; none if they are rather print."""
    if not lines or _confidence(lines) >= _SURELY_PRINT:
        return ()
    model = letter_model(languages)
    if not _may_be_handwritten(lines, model):
        return ()
    return strips.read_again(lines, model, surer_by=-_ABOUT if model and not is_sample else 0)


def _may_be_handwritten(lines: Sequence[Line], model: LetterModel | None) -> bool:
    """Whether a page may be, by how the network for print reads it."""
    words = (word.text for line in lines for word in line.words)
    likeness = model.likeness(words) if model else None
    if likeness is None:
        return _confidence(lines) < _DOUBTFUL_PAGE
    return likeness < _LIKE_WORDS


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
