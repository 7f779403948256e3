"""What the JSON of a document costs: time to write it and to read it back.

    python -m benchmarks.wire [--words 1000 10000] [--rounds 9]

Documents of pages of a thousand words each, at detail=word. "out ms" is from the document to the
bytes of an answer, "in ms" from these bytes to the document, as `/v1/render` does it; each is the
best of the rounds, as other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

from pydantic_core import from_json

from ocr_server.document.json_reader import document_from_json
from ocr_server.document.model import Document, EngineInfo, Line, Page, Word, Zone, ZoneKind
from ocr_server.export.json import render_json
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box

VOCABULARY = (
    "the",
    "reading",
    "of",
    "pages",
    "by",
    "machines",
    "needs",
    "some",
    "patience",
    "still",
)
PAGE_WORDS = 1000
LINE_WORDS, ZONE_LINES = 10, 10
PITCH_PX, HEIGHT_PX, LETTER_PX = 40.25, 30.125, 15.375


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--words", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    print(f"{'words':>7} {'kB':>7} {'out ms':>8} {'in ms':>8}")
    for words in asked.words:
        document = make_document(words)
        data = write(document)
        out_ms = best_ms(partial(write, document), asked.rounds)
        in_ms = best_ms(partial(read, data), asked.rounds)
        print(f"{words:7} {len(data) / 1000:7.0f} {out_ms:8.1f} {in_ms:8.1f}")


def write(document: Document) -> bytes:
    """The answer's bytes."""
    return b"".join(render_json(document, (), Rendering()))


def read(data: bytes) -> Document:
    """The document that was answered."""
    return document_from_json(from_json(data))


def best_ms(work: Callable[[], object], rounds: int) -> float:
    """How long the quickest round took."""
    durations_s = []
    for _ in range(rounds):
        begun_s = time.process_time()
        work()
        durations_s.append(time.process_time() - begun_s)
    return min(durations_s) * 1000


def make_document(words: int) -> Document:
    """Pages of a thousand words, the last one shorter."""
    counts = [min(PAGE_WORDS, words - done) for done in range(0, words, PAGE_WORDS)]
    pages = tuple(_page(number, count) for number, count in enumerate(counts, 1))
    return Document(pages, EngineInfo("tesseract", "5.3.0", ("eng",)))


def _page(number: int, words: int) -> Page:
    counts = [min(LINE_WORDS, words - done) for done in range(0, words, LINE_WORDS)]
    lines = [_line(row, count) for row, count in enumerate(counts)]
    zones = [
        Zone(ZoneKind.TEXT, Box(0, group[0].box.top, 2480, group[-1].box.bottom).quad(), group)
        for first in range(0, len(lines), ZONE_LINES)
        for group in [tuple(lines[first : first + ZONE_LINES])]
    ]
    return Page(number, 2480, 3508, 300.0, tuple(zones))


def _line(row: int, count: int) -> Line:
    left, top, words = 100.0, 100 + row * PITCH_PX, []
    for column in range(count):
        text = VOCABULARY[(row + column) % len(VOCABULARY)]
        right = left + len(text) * LETTER_PX
        words.append(Word(text, Box(left, top, right, top + HEIGHT_PX).quad(), 0.9371))
        left = right + LETTER_PX
    quad = Box(100, top, left, top + HEIGHT_PX).quad()
    return Line(tuple(words), quad, (quad.bottom_left, quad.bottom_right), 14.5, language="eng")


if __name__ == "__main__":
    main()
