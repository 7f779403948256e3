"""The text that a PDF page brings along, how far it can be believed, and what it leaves out.

Called in worker processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from ocr_server.document.model import Line, Page, TextSource, Word, Zone, hull_of
from ocr_server.errors import DamagedPicture, TooManyWords
from ocr_server.geometry import Box, Transform, hull
from ocr_server.job import Limits
from ocr_server.pdf.layer_doubts import (
    Doubt,
    find_doubts,
    has_meaning,
    limited_to,
    split_named,
    word_confidence,
)
from ocr_server.pdf.letter_shapes import measure_fonts
from ocr_server.pdf.letters import Letter, read_letters
from ocr_server.pdf.opening import OpenedPage, opened_page
from ocr_server.pdf.optional_content import groups_switched_off
from ocr_server.pdf.page_copy import write_copy
from ocr_server.pdf.page_ink import PageInk, blocks_of, draw_ink
from ocr_server.pdf.repeated_letters import without_repeats
from ocr_server.pdf.stand_in_fonts import embed_fonts, lacks_fonts
from ocr_server.pdf.text_lines import make_zones

STAGE = "text layer"
# Pictures that together take less of the page are logos and signatures.
_LEAST_PICTURES = 0.1
# Text over less of a picture than this is a stamp or a page number, not what the picture says.
_LEAST_COVERED = 0.02
_MOST_PICTURES = 2_000  # looked at on a page, and as many notes
# What annotations that show text are called, and where they keep it (ISO 32000-1, 12.5.6, 12.7.3).
_TEXT_OF_NOTES = {raw.FPDF_ANNOT_WIDGET: b"V", raw.FPDF_ANNOT_FREETEXT: b"Contents"}
_NO_STRING_BYTES = 2  # the zero at the end of a string in UTF-16
_MOST_LETTERS = 20  # for each word that a page may have: no language's words are as long
_THINNEST = 0.01  # of the size of its font, what is no less high and wide is drawn
_SAME_HEIGHT = 2.0  # letters that stand on others of another height are not the same ones


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """A PDF page as its own text tells it, in pixels at the dpi at which it would be drawn.

    `visible` is what can be seen, `hidden` the text under or over a picture that shows through no
    ink of its own; text that cannot be seen and has no ink under it is left out. `is_real`: the
    letters have meanings. `pictures`: where there may be text that the layer lacks, `rows` where
    rows of letters are drawn that are not text, or, with `has_nameless`, text without a name.
    """

    width_px: int
    height_px: int
    dpi: float
    visible: tuple[Zone, ...]
    is_real: bool
    pictures: tuple[Box, ...]
    hidden: tuple[Zone, ...] = ()
    rows: tuple[Box, ...] = ()
    has_nameless: bool = False
    doubts: tuple[Doubt, ...] = ()

    @property
    def zones(self) -> tuple[Zone, ...]:
        """All that is said, from the top of the page."""
        return _merged(self.visible, self.hidden)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all zones."""
        return tuple(word for zone in self.zones for word in zone.words)

    @property
    def is_doubted(self) -> bool:
        """Whether the letters that can be seen may be others than the layer says."""
        return any(doubt is not Doubt.HIDDEN for doubt in self.doubts)

    @property
    def found(self) -> str:
        """What was found, in words."""
        if not self.visible and not self.hidden:
            return "no text"
        if not self.is_real:
            return "letters without a meaning"
        found = f"{len(self.words)} words"
        if self.pictures:
            found += ", and pictures without text"
        elif self.rows:
            found += ", and letters that are drawn without being text"
        return "; ".join((found, *self.doubts))

    def joined_by(self, page: Page) -> tuple[Zone, ...]:
        """The layer's zones, and among them what was recognised where it says nothing."""
        taken = [line for zone in self.zones for line in zone.lines]
        places = (*self.pictures, *blocks_of(self.rows))
        own = [replace(zone, source=TextSource.TEXT_LAYER) for zone in self.zones]
        added = [
            replace(kept, source=TextSource.RECOGNISED)
            for zone in page.zones
            if (kept := _only(zone, places, taken))
        ]
        return _merged(own, added)

    def without_hidden(self) -> ExtractedText:
        """The layer without the text that cannot be seen: what lies under it is to be read."""
        lines = (line.box for zone in self.hidden for line in zone.lines)
        return replace(self, hidden=(), rows=(*self.rows, *lines))

    def in_order(self, order: Callable[[Sequence[Zone]], tuple[Zone, ...]]) -> ExtractedText:
        """The layer with its zones as `order` gives them."""
        return replace(self, visible=order(self.visible), hidden=order(self.hidden))

    def with_confidence(self, confidence: float) -> ExtractedText:
        """The layer whose words are no surer than `confidence`, from 0 to 1."""

        def limited(zones: Sequence[Zone]) -> tuple[Zone, ...]:
            return tuple(
                replace(zone, lines=tuple(limited_to(line, confidence) for line in zone.lines))
                for zone in zones
            )

        return replace(self, visible=limited(self.visible), hidden=limited(self.hidden))


def read_text_layer(
    path: Path, index: int, *, limits: Limits, password: str | None, symbols: bool = False
) -> ExtractedText:
    """What a page says itself, down to its letters if `symbols` are wanted.

    Raises:
        DamagedPicture: the page cannot be read.
        TooManyWords: it has more letters than so many words can have.
    """
    off = partial(groups_switched_off, path, password=password)
    try:
        with opened_page(path, index, limits=limits, password=password) as opened:
            if not lacks_fonts(opened.objects):
                return _read(opened, limits, groups_off=off, symbols=symbols)
        copy = path.with_name(f"{path.name}-page-{index}-with-fonts")
        if write_copy(path, index, copy, password=password, change=embed_fonts):
            path, index, password = copy, 0, None
        with opened_page(path, index, limits=limits, password=password) as opened:
            return _read(opened, limits, groups_off=off, symbols=symbols)
    except pypdfium2.PdfiumError as error:
        raise DamagedPicture(f"Page {index + 1} of the PDF cannot be read.") from error


def _read(
    opened: OpenedPage,
    limits: Limits,
    *,
    groups_off: Callable[[], frozenset[bytes]],
    symbols: bool,
) -> ExtractedText:
    page, way, shown, dpi = opened.page, opened.way, opened.box, opened.dpi
    width_px, height_px = opened.width_px, opened.height_px
    text = page.get_textpage()
    if (count := text.count_chars()) > limits.max_words * _MOST_LETTERS:
        raise TooManyWords.of(f"a text layer of {count} letters", limit=limits.max_words)
    letters = without_repeats(read_letters(text, way), opened.objects, way)
    if any(letter.piece.group for letter in letters):
        off = groups_off()
        letters = [letter for letter in letters if letter.piece.group not in off]
    if not any(letter.quad for letter in letters):
        return ExtractedText(
            width_px=width_px, height_px=height_px, dpi=dpi, visible=(), is_real=False,
            pictures=(*_written_over(opened), *_uncovered(opened, ())),
        )  # fmt: skip
    fits = measure_fonts(text, letters)
    told = page.pdf.get_metadata_dict()
    programs = f"{told['Creator']} {told['Producer']}"
    pictures = list(_written_over(opened))
    ink = draw_ink(opened)

    def has_outlines(letter: Letter) -> bool:
        left, bottom, right, top = text.get_charbox(letter.position)
        least = _THINNEST * letter.piece.size_pt
        return bool(right - left > least and top - bottom > least)

    visible, hidden = _parted(letters, ink, shown, has_outlines)

    def confidence(word: Sequence[Letter]) -> float:
        return word_confidence(word, fits)

    is_real = has_meaning([*visible, *hidden])
    visible, nameless = split_named(visible)
    seen = make_zones(visible, symbols=symbols, confidence=confidence)
    unseen = make_zones(hidden, symbols=symbols, confidence=confidence)
    pictures += _uncovered(opened, (*seen, *unseen))
    covered = [word.box for zone in unseen for word in zone.words]
    return ExtractedText(
        width_px=width_px,
        height_px=height_px,
        dpi=dpi,
        visible=seen,
        hidden=unseen,
        is_real=bool(seen or unseen) and is_real,
        pictures=tuple(pictures),
        rows=(*ink.find_rows(covered), *nameless),
        has_nameless=bool(nameless),
        doubts=tuple(find_doubts(visible, hidden, fits, programs)),
    )


def _parted(
    letters: Sequence[Letter], ink: PageInk, shown: Box, has_outlines: Callable[[Letter], bool]
) -> tuple[list[Letter], list[Letter]]:
    """The letters that can be seen, and those that cannot but stand on other ink.

    Words are looked at, as far as one piece of text reaches: full stops are small. Where PDFium has
    no font for the letters, only other ink tells anything: fonts without ink are also those that
    earlier recognitions use.
    """
    visible: list[Letter] = []
    hidden: list[Letter] = []
    for _, group in groupby(letters, key=_word_key()):
        some = list(group)
        placed = [letter for letter in some if letter.quad and not letter.text.isspace()]
        if not placed:
            visible += some
            hidden += some
            continue
        box = hull(point for letter in placed if letter.quad for point in letter.quad)
        inside = shown.contains(box.middle)
        is_drawn = not placed[0].piece.is_invisible
        if inside and is_drawn and ink.shows(box):
            visible += some
        elif inside and ink.has_other_ink(box):
            hidden += some
        elif inside and is_drawn and not has_outlines(placed[0]):
            visible += some
    return visible, hidden


class _word_key:  # noqa: N801 - a key function with a memory
    """Tells the words and the blanks between them apart."""

    def __init__(self) -> None:
        self._number = 0
        self._last: tuple[bool, int] | None = None

    def __call__(self, letter: Letter) -> int:
        """Another number for each run of letters of one piece, and of blanks."""
        now = (letter.quad is None or letter.text.isspace(), letter.piece.number)
        if now != self._last:
            self._number += 1
            self._last = now
        return self._number


def _merged(zones: Sequence[Zone], added: Sequence[Zone]) -> tuple[Zone, ...]:
    """Zones in their order, and each of the others before the first that stands lower."""
    merged = list(zones)
    for zone in added:
        below = (i for i, old in enumerate(merged) if old.box.top > zone.box.top)
        merged.insert(next(below, len(merged)), zone)
    return tuple(merged)


def _uncovered(opened: OpenedPage, zones: Sequence[Zone]) -> Iterator[Box]:
    """Pictures that the page's text hardly touches, if they take a good part of it."""
    words = [word.box for zone in zones for word in zone.words]
    bare = []
    for picture in opened.pictures[:_MOST_PICTURES]:
        box = opened.place_of_picture(picture)
        if box is None:
            continue
        covered = sum(both.area for word in words if (both := box.intersection(word)))
        if covered < _LEAST_COVERED * box.area:
            bare.append(box)
    if sum(box.area for box in bare) >= _LEAST_PICTURES * opened.box.area:
        yield from bare


def _written_over(opened: OpenedPage) -> Iterator[Box]:
    """Fields of forms that are filled in, and notes written on the page."""
    page = opened.page
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_PICTURES)):
        note = raw.FPDFPage_GetAnnot(page, number)
        try:
            key = _TEXT_OF_NOTES.get(raw.FPDFAnnot_GetSubtype(note))
            area = raw.FS_RECTF()
            if key is None or not raw.FPDFAnnot_GetRect(note, area):
                continue
            if raw.FPDFAnnot_GetStringValue(note, key, None, 0) <= _NO_STRING_BYTES:
                continue
            box = opened.place_of(Box(area.left, area.bottom, area.right, area.top))
        finally:
            raw.FPDFPage_CloseAnnot(note)
        if box is not None:
            yield box


def _only(zone: Zone, inside: Sequence[Box], taken: Sequence[Line]) -> Zone | None:
    """The zone's words that stand inside some boxes and not on some lines, if there are any."""

    def is_new(word: Word) -> bool:
        if not any(box.contains(word.box.middle) for box in inside):
            return False
        return not any(_is_same(word, line) for line in taken)

    lines = tuple(kept for line in zone.lines if (kept := line.filtered(is_new)))
    if not lines:
        return None
    words = (word for line in lines for word in line.words)
    return replace(zone, lines=lines, quad=hull_of(words).quad())


def _is_same(word: Word, line: Line) -> bool:
    """Whether a word is one of a line's: it stands on one of them, and is about as high.

    Small words may stand under the large letters of a label, which may slope.
    """
    straight = Transform.rotation(-line.quad.angle_deg)
    middle, box = straight.apply(word.box.middle), line.quad.mapped(straight).box
    if not box.contains(middle) or word.box.height * _SAME_HEIGHT < box.height * 0.7:
        return False
    return any(other.quad.mapped(straight).box.contains(middle) for other in line.words)
