"""The finder `text`: finds a field in a zone, behind a keyword, or wherever its mask fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ocr_server.document.model import Page, Word
from ocr_server.extraction.validation import Mask, Match, fit, is_valid, of_words, parse_mask
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import Row, rows_in, rows_of, up_to_gap


@dataclass(frozen=True, slots=True)
class _Character:
    """A character and its word; blanks between words have none."""

    text: str
    word: Word | None


class TextSearch:
    """Looks for fields in the text of a page, which is taken apart once for all of them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._texts: dict[str | None, _Text] = {}  # by the name of their zones

    def find(self, spec: FieldSpec) -> Match:
        """The text that fits best; without zone, keywords and mask, that of the whole page.

        The zone is that of `spec.zone`, else the requested zone with the name of the field.
        """
        wanted = spec.zone or spec.name
        zones = [zone for zone in self._page.zones if zone.name == wanted]
        if spec.zone and not zones:
            return Match("", 0.0, error=f"there is no zone {spec.zone}")
        key = wanted if zones else None
        if key not in self._texts:
            self._texts[key] = _Text(rows_in(zones) if zones else rows_of(self._page))
        text = self._texts[key]
        if spec.after:
            found = [rest for word in spec.after for rest in text.behind(word)]
            if not found:
                return Match("", 0.0, error=f"none of {', '.join(spec.after)} was read")
            best = [_best(spec, [_Row(rest)]) for rest in found]
            return next((one for one in best if one), None) or _first_column(found[0])
        if spec.mask is None or fit(spec, text.whole.raw):
            return text.whole
        best_fit = _best(spec, text.rows)
        if best_fit:
            return best_fit
        return text.whole if zones else Match("", 0.0, error=f"nothing fits the mask {spec.mask}")


class _Text:
    """The rows of a page, or of zones."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._words = [word for row in rows for word in row.words]
        self.rows = [_Row(_characters(row.words)) for row in rows]

    @cached_property
    def whole(self) -> Match:
        """All of it."""
        return of_words(self._words)

    def behind(self, keyword: str) -> Iterator[Sequence[_Character]]:
        """The characters behind each occurrence of a keyword: its row's rest, else the next row."""
        wanted = "".join(filter(str.isalnum, keyword)).upper()
        for position, row in enumerate(self.rows):
            end = _end_of(wanted, row.characters) if wanted in row.letters else None
            if end is None:
                continue
            rest = row.characters[end:]
            blanks = next((at for at, one in enumerate(rest) if one.text.isalnum()), len(rest))
            if rest[blanks:]:
                yield rest[blanks:]
            elif position + 1 < len(self.rows):
                yield self.rows[position + 1].characters


class _Row:
    """The characters of a row, with blanks between its words."""

    def __init__(self, characters: Sequence[_Character]) -> None:
        self.characters = characters

    @cached_property
    def letters(self) -> str:
        """Its letters and digits in capitals, one after the other."""
        return "".join(one.text.upper() for one in self.characters if one.text.isalnum())

    @cached_property
    def with_blanks(self) -> _Pieces:
        """Where pieces of it may begin and end."""
        return _Pieces(self.characters)

    @cached_property
    def without_blanks(self) -> _Pieces:
        """Where pieces of it may begin and end if its blanks are left out."""
        return _Pieces([one for one in self.characters if one.word])


class _Pieces:
    """The pieces of a row: each begins and ends with a word, or beside what is no letter or digit.

    `is_edge` has a value for each position before a character, and one for the end.
    """

    def __init__(self, characters: Sequence[_Character]) -> None:
        self.characters = characters
        self.text = "".join(one.text for one in characters)
        joined = [_are_joined(one, other) for one, other in pairwise(characters)]
        self.is_edge = [True, *(not one for one in joined), True]
        self.starts = [at for at in range(len(characters)) if self.is_edge[at]]


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    """A piece that fits a mask; the best one is the least."""

    breaks_rules: bool
    repairs: int
    words: int
    row: int
    characters: Sequence[_Character] = field(compare=False)
    text: str = field(compare=False)

    @property
    def is_unbeatable(self) -> bool:
        """Whether no piece in this row or a later one can be better."""
        return not self.breaks_rules and not self.repairs and self.words <= 1


def _best(spec: FieldSpec, rows: Sequence[_Row]) -> Match | None:
    """The piece of the rows that fits the mask: a valid one if any, with fewest repairs and words.

    Without a mask, the first column of the first row that has words.
    """
    if spec.mask is None:
        with_words = (row.characters for row in rows if _words(row.characters))
        return next(map(_first_column, with_words), None)
    mask, best = parse_mask(spec.mask), None
    for number, row in enumerate(rows):
        for candidate in _fitting(spec, mask, row, number):
            best = candidate if best is None else min(best, candidate)
            if best.is_unbeatable:
                return of_words(_words(best.characters), best.text)
    return of_words(_words(best.characters), best.text) if best else None


def _fitting(spec: FieldSpec, mask: Mask, row: _Row, number: int) -> Iterator[_Candidate]:
    """The pieces of a row that fit the mask."""
    pieces = row.with_blanks if mask.has_blanks else row.without_blanks
    is_edge, length_of_row = pieces.is_edge, len(pieces.text)
    character_map = dict(spec.character_map)
    for start in pieces.starts:
        for length in mask.by_length:
            end = start + length
            if end > length_of_row or not is_edge[end]:
                continue
            text = pieces.text[start:end]
            fitted = mask.fit(text, character_map)
            if fitted:
                characters = pieces.characters[start:end]
                words = _words(characters)
                confidence = min((word.certainty for word in words), default=0.0)
                keeps_rules = is_valid(spec, fitted.text, confidence)
                yield _Candidate(
                    not keeps_rules, fitted.repairs, len(words), number, characters, text
                )


def _end_of(wanted: str, characters: Sequence[_Character]) -> int | None:
    """The position behind a keyword that begins with a word; None if there is none.

    `wanted` has the letters and digits of the keyword in capitals. A digit may follow directly.
    """
    for start in range(len(characters)):
        if start and _are_joined(characters[start - 1], characters[start]):
            continue
        left = wanted
        for position in range(start, len(characters)):
            text = characters[position].text.upper()
            if not text.isalnum():
                continue
            if not left.startswith(text):
                break
            left = left[len(text) :]
            if not left:
                end = position + 1
                follows = characters[end].text if end < len(characters) else " "
                if follows.isalpha() and _are_joined(characters[position], characters[end]):
                    break
                return end
    return None


def _characters(words: Sequence[Word]) -> list[_Character]:
    found: list[_Character] = []
    for word in words:
        if found:
            found.append(_Character(" ", None))
        found += [_Character(character, word) for character in word.text]
    return found


def _are_joined(one: _Character, other: _Character) -> bool:
    """Whether both are letters or digits of one word."""
    return one.word is other.word and one.text.isalnum() and other.text.isalnum()


def _words(characters: Sequence[_Character]) -> tuple[Word, ...]:
    # Words are compared by what they are, which takes long: here they follow one another.
    words = [one.word for one in characters if one.word]
    return tuple(word for at, word in enumerate(words) if not at or word is not words[at - 1])


def _first_column(characters: Sequence[_Character]) -> Match:
    """The text up to the first gap between columns."""
    words = up_to_gap(_words(characters))
    kept = "".join(one.text for one in characters if one.word is None or one.word in words)
    return of_words(words, kept.strip())
