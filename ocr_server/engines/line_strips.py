"""Lines of a canvas, each cut out as a strip and read by one of PP-OCR's networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, confidence_of
from ocr_server.engines import ppocr
from ocr_server.engines.word_model import LetterModel
from ocr_server.geometry import Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.layout.detected_lines import (
    Character,
    height_px,
    is_tall,
    line_of,
    parted_at_fractions,
    stacked,
    turned_upright,
    width_px,
)

LEAST_SIDE_PX = 4
# Widths as multiples of the height: lines that are longer are not text; shorter ones, such as
# figures, are read worse if they are narrower.
_LONGEST_LINE, _LONG_LINE = 100, 2.5

# Eleven words and figures were drawn upwards, downwards and stacked. In a wrong direction their
# confidence was .91 at most, except for those that read alike in both.
_SURE_LINE = 0.95

# Of a word of spaced letters some blanks are missed: its parts at least, their letters on average.
_FEWEST_SPACED, _MOST_IN_SPACED = 3, 2.0


@dataclass(frozen=True, slots=True)
class LineStrips:
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
        surer = confidence_of([line for line in found if line]) - confidence_of(lines)
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
            if confidence_of(lines) >= _SURE_LINE:
                break
        return max(readings, key=confidence_of)

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
        """The part of the canvas in a quad as the network takes it; None if it is none."""
        self.deadline.check()
        width, height = round(width_px(quad)), round(height_px(quad))
        if height < LEAST_SIDE_PX or not 0 < width <= _LONGEST_LINE * height:
            return None
        is_long = width >= _LONG_LINE * height
        narrow = round(self.reader.width * width) if is_long else width
        return self.canvas.rectified(quad, narrow, height).scaled(ppocr.LINE_PX / height)

    def _line(
        self, quad: Quad, columns: ppocr.Columns, model: LetterModel | None = None
    ) -> Line | None:
        """The line in a quad; None if it has no text."""
        letters = self.reader.letters_of(columns, model)
        words = _joined_if_spaced("".join(letter.text for letter in letters).split())
        if not words:
            return None
        characters = [Character(*letter) for letter in letters if not letter.text.isspace()]
        return line_of(characters, words, quad, columns.strip, symbols=self.symbols)


def _joined_if_spaced(words: list[str]) -> list[str]:
    """One word of `S P A C E D` capitals, which are read as words of their own."""
    letters = "".join(words)
    is_spaced = len(words) >= _FEWEST_SPACED and len(letters) < _MOST_IN_SPACED * len(words)
    return [letters] if is_spaced and letters.isalpha() and letters.isupper() else words
