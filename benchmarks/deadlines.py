"""Whether every kind of work ends with its deadline, however much of it there is.

    python -m benchmarks.deadlines [--seconds 3] [--case NAME]…

Each case asks a server for more than can be done in the time that it allows by `timeout_s`: fields
with many masks, keywords and listed values on 20,000 words, every format of 400,000 words, large
documents to be rendered, of tables for formats of tables, frames, texts to be verified. Speech is
asked for where espeak-ng is installed. Told is how long each took, how long
`/livez` took at most meanwhile, and the answer: 504 at the deadline, or 200 before it. The exit
code is 1 if an answer came later than the deadline and the grace of a worker process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from urllib.parse import urlencode

from benchmarks.pictures import draw
from benchmarks.servers import Server, form_of, our_server
from benchmarks.uploads import document_json, pdf_of_words, slowest_probe_s, tables_json
from ocr_server.export import FORMATS
from ocr_server.export.audio import has_voice
from ocr_server.runtime.worker_process import GRACE_S

FIELDS, ALTERNATIVES, KEYWORDS, VALUES = 100, 31, 20, 100
SPOKEN_PAGES = 4  # of `document_json`; more is refused (`audio.MOST_LETTERS`)
SLACK_S = 2.0  # to send the request and take it apart, and to send its answer
MEANT = {http.client.OK, http.client.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class Case:
    """A request: where it goes, what is sent, and the fields of the form beside it."""

    path: str
    make: Callable[[], bytes]
    fields: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None  # of a body that is sent as it is


def fields_of(rules: Callable[[int], dict[str, object]]) -> dict[str, str]:
    """As many fields as a request may have, each with the rules for its number; one page."""
    fields = {f"f{number}": rules(number) for number in range(FIELDS)}
    return {"pages": "1", "fields": json.dumps(fields)}


def masks(number: int) -> dict[str, object]:
    """Masks of every length that any word fits."""
    first = number % ALTERNATIVES + 1
    return {"mask": "|".join("*" * (first + more) for more in range(ALTERNATIVES)), "map": "usual"}


def keywords(number: int) -> dict[str, object]:
    """Words to look behind, none of which is there."""
    return {"after": [f"a{number}b{more}" for more in range(KEYWORDS)], "mask": "A9"}


def values(number: int) -> dict[str, object]:
    """Values that look alike."""
    return {"mask": "**", "one_of": [f"{more}{number}" for more in range(VALUES)]}


@cache
def words_pdf() -> bytes:
    """A PDF of a few kilobytes, made once."""
    return pdf_of_words()


@cache
def json_for(name: str) -> bytes:
    """The JSON of a large document of which that format can be made, made once.

    It has 100,000 words, in cells where the format shows tables alone, or as many as are spoken.
    """
    if FORMATS[name].needs == "tables":
        return tables_json()
    return document_json(SPOKEN_PAGES) if name == "audio" else document_json()


CASES = {
    "masks": Case("/v1/documents", words_pdf, fields_of(masks)),
    "keywords": Case("/v1/documents", words_pdf, fields_of(keywords)),
    "listed values": Case("/v1/documents", words_pdf, fields_of(values)),
    "verify": Case("/v1/verify", words_pdf, {"text": "ab " * 20_000}),
    "a frame": Case("/v1/frames", lambda: draw("fine scan").data),
    "an outline": Case("/v1/frames", lambda: draw("fine scan").data, {"detail": "page"}),
    **{
        f"export {name}": Case("/v1/documents", words_pdf, {"format": name})
        for name in FORMATS
        if name != "training"  # needs lines that a person has corrected
    },
    **{
        f"render {name}": Case(
            f"/v1/render?format={name}", partial(json_for, name), media_type="application/json"
        )
        for name, format_ in FORMATS.items()
        if not format_.shows_pictures and (name != "audio" or has_voice())
    },
}


def ask(server: Server, case: Case, allowed_s: float) -> tuple[int, float]:
    """The status of the answer, and how long it took to come whole."""
    data = case.make()
    body, headers = (
        (data, {"Content-Type": case.media_type})
        if case.media_type
        else form_of(data, **case.fields)
    )
    mark = "&" if "?" in case.path else "?"
    path = f"{case.path}{mark}{urlencode({'timeout_s': f'{allowed_s:g}'})}"
    with closing(server.connect()) as connection:
        begun = time.monotonic()
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        while response.read(2**20):
            pass
        return response.status, time.monotonic() - begun


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--case", action="append", choices=CASES)
    asked = parser.parse_args(arguments)
    most_s, is_met = asked.seconds + GRACE_S + SLACK_S, True
    print(f"{'case':24} {'allowed s':>9} {'took s':>7} {'/livez ms':>10}  answer")
    with our_server("tesserocr", OCR_SLOTS="2") as server:
        for name in asked.case or CASES:
            over = threading.Event()
            CASES[name].make()  # beforehand, as it holds up this process
            with ThreadPoolExecutor(1) as threads:
                probe = threads.submit(slowest_probe_s, server, over)
                try:
                    status, took_s = ask(server, CASES[name], asked.seconds)
                finally:
                    over.set()
            is_right = status in MEANT and took_s <= most_s
            is_met &= is_right
            print(
                f"{name:24} {asked.seconds:9.1f} {took_s:7.1f} {1000 * probe.result():10.0f}  "
                f"{status}{'' if is_right else '  MISSED'}",
                flush=True,
            )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
