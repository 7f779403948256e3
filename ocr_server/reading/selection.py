"""Which words are kept: all of them, unless somebody asked otherwise or the page is rubbish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ocr_server.model import Zone, ZoneKind
from ocr_server.reading.sheet import Report, Sheet

# On a page this doubtful, words under the second figure are noise (letters read into pictures);
# on better pages dropping them loses words that are nearly right.
_RUBBISH_PAGE, _RUBBISH_WORD = 0.40, 0.60

# Grey levels of 255: streets and things differ by 69 and more, paper under handwriting by 47 at
# most; there, half-read words are worth more than none (error rate 0.76 instead of 0.81).
_UNEVEN = 60.0


def drop_rubbish(sheet: Sheet) -> Report:
    """In a picture of hardly any text, and of no even paper, words that are guesses go."""
    take = sheet.best
    said = f"read with confidence {take.confidence:.0%}"
    if take.confidence >= _RUBBISH_PAGE or sheet.measures.is_snippet or not take.words:
        return Report(sheet, said)
    if max(sheet.shade, sheet.measures.paper.unevenness) < _UNEVEN:
        return Report(sheet, said)
    kept = replace(take, zones=tuple(keep_words(take.zones, least=_RUBBISH_WORD)))
    dropped = len(take.words) - len(kept.words)
    after = replace(sheet.with_take(kept), dropped=take.words)
    return Report(after, said, f"{dropped} words dropped as guesses")


def keep_words(zones: Iterable[Zone], *, least: float) -> Iterator[Zone]:
    """The zones with only the words of at least that confidence; what that empties is left out."""
    for zone in zones:
        if not zone.lines:
            yield zone
            continue
        lines = []
        for line in zone.lines:
            words = tuple(word for word in line.words if word.confidence >= least)
            if words:
                lines.append(replace(line, words=words))
        if lines or zone.kind is not ZoneKind.TEXT:
            yield replace(zone, lines=tuple(lines))
