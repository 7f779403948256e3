"""The second reader's turn: pages on which the first one's reading is doubtful.

Both verdicts are the F1 that such a reading had on pages whose text is known (`imaging.quality`),
so that they can be compared although the readers' confidences mean different things. The limit
was chosen by `python -m benchmarks.second_reader`: below it the second reader was better on 57 of
60 pages, above it on nearly as many, but by little, and at five times the cost.

Tried, and left out as they lost (mean CER of the first reader's layout against the second's own
blocks: photographs .29 to .25, receipts .14 to .12, typewriting .42 to .26): its lines in the
first reader's reading order, and the lines it finds given to Tesseract one by one.
"""

from __future__ import annotations

from dataclasses import replace

from ocr_server.imaging.quality import Result, expected_accuracy
from ocr_server.reading.sheet import Report, Sheet, Take
from ocr_server.recognition.best import FIRST, SECOND, BestEngine

DOUBTFUL = 0.90  # expected F1 of the words


def ask_second_reader(sheet: Sheet) -> Report:
    """Where both readers are at hand, the page that is doubtful is read by the second as well.

    The reading that is expected to have more letters right is kept.
    """
    engine, take = sheet.engine, sheet.best
    if not isinstance(engine, BestEngine):
        return Report(sheet, "one reader was asked for")
    first = replace(take, engine=FIRST)
    after = sheet.with_take(first)
    score = expected_accuracy(Result.of(first.words))
    said = f"read with an expected accuracy of {score:.0%}"
    if score >= DOUBTFUL:
        return Report(after, said)
    if not set(sheet.reading.languages) <= set(engine.second.describe().languages):
        return Report(after, f"{said}; the second reader does not know the language")
    zones = engine.second.recognise(take.canvas, sheet.reading, sheet.deadline)
    other = Take(take.canvas, zones, take.psm, engine=SECOND)
    better = _letters_right(other) > _letters_right(first)
    did = "read again by the second reader" if better else ""
    return Report(sheet.with_take(other) if better else after, said, did)


def _letters_right(take: Take) -> float:
    """How many of its letters a reading is expected to have right."""
    return expected_accuracy(Result.of(take.words, engine=take.engine)) * take.letters
