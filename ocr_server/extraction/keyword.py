"""The finder `text`: finds a field in a zone, behind a keyword, or wherever its mask fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_server.document.model import Page, Word
from ocr_server.extraction.validation import Match, fit, of_words, parse_mask, validate_field
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import Row, rows_in, rows_of, up_to_gap


@dataclass(frozen=True, slots=True)
class _Character:
    """A character and its word; blanks between words have none."""

    text: str
    word: Word | None


def find_in_text(page: Page, spec: FieldSpec) -> Match:
    """The text that fits the field best; without zone, keywords and mask, that of the whole page.

    The zone is that of `spec.zone`, else the requested zone with the name of the field.
    """
    wanted = spec.zone or spec.name
    zones = [zone for zone in page.zones if zone.name == wanted]
    if spec.zone and not zones:
        return Match("", 0.0, error=f"there is no zone {spec.zone}")
    rows = rows_in(zones) if zones else rows_of(page)
    if spec.after:
        found = [rest for word in spec.after for rest in _behind(rows, word)]
        if not found:
            return Match("", 0.0, error=f"none of {', '.join(spec.after)} was read")
        best = [_best(spec, [rest]) for rest in found]
        return next((one for one in best if one), None) or _first_column(found[0])
    whole = of_words(word for row in rows for word in row.words)
    if spec.mask is None or fit(spec, whole.raw):
        return whole
    best_fit = _best(spec, [_characters(row.words) for row in rows])
    if best_fit:
        return best_fit
    return whole if zones else Match("", 0.0, error=f"nothing fits the mask {spec.mask}")


def _best(spec: FieldSpec, rows: Sequence[Sequence[_Character]]) -> Match | None:
    """The piece of the rows that fits the mask: a valid one if any, with fewest repairs and words.

    Without a mask, the first column of the first row that has words.
    """
    if spec.mask is None:
        return next((_first_column(row) for row in rows if _words(row)), None)
    pieces = [
        (not validate_field(spec, candidate).is_valid, repairs, words, position, candidate)
        for position, row in enumerate(rows)
        for candidate, repairs, words in _fitting(spec, row)
    ]
    return min(pieces, key=lambda piece: piece[:4])[4] if pieces else None


def _fitting(spec: FieldSpec, characters: Sequence[_Character]) -> Iterator[tuple[Match, int, int]]:
    """Pieces of a row that fit the mask, their numbers of repairs and of words.

    A piece begins and ends with a word, or beside a character that is no letter or digit.
    """
    mask = parse_mask(spec.mask or "")
    if not mask.has_blanks:
        characters = [one for one in characters if one.word]
    for start in range(len(characters)):
        if start and _are_joined(characters[start - 1], characters[start]):
            continue
        for length in mask.lengths:
            piece = characters[start : start + length]
            end = start + length
            if end < len(characters) and _are_joined(characters[end - 1], characters[end]):
                continue
            text = "".join(one.text for one in piece)
            fitted = mask.fit(text, dict(spec.character_map))
            if fitted:
                words = _words(piece)
                yield of_words(words, text), fitted.repairs, len(words)


def _behind(rows: Sequence[Row], keyword: str) -> Iterator[list[_Character]]:
    """The characters behind each occurrence of a keyword: its row's rest, else the next row."""
    wanted = "".join(filter(str.isalnum, keyword)).upper()
    for position, row in enumerate(rows):
        characters = _characters(row.words)
        end = _end_of(wanted, characters)
        if end is None:
            continue
        rest = characters[end:]
        while rest and not rest[0].text.isalnum():
            rest.pop(0)
        if rest:
            yield rest
        elif position + 1 < len(rows):
            yield _characters(rows[position + 1].words)


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
    return tuple(dict.fromkeys(one.word for one in characters if one.word))


def _first_column(characters: Sequence[_Character]) -> Match:
    """The text up to the first gap between columns."""
    words = up_to_gap(_words(characters))
    kept = "".join(one.text for one in characters if one.word is None or one.word in words)
    return of_words(words, kept.strip())
