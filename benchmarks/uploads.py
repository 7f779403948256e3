"""What memory the server process takes for large and odd requests, beside what it may.

    python -m benchmarks.uploads [--case NAME]…

A server with two slots and eight places to wait is started, and each case is sent to it: as many
uploads of 48 MB at once as are admitted, 51 MB of JSON in unusual spellings, a PDF of a few
kilobytes with 400,000 words, a document to render. Told is the peak of the resident memory of the
server process over what it held before, by `VmHWM` of proc(5), its worker processes left out, and
the longest time that `/livez` took to answer meanwhile. The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from benchmarks.servers import BOUNDARY, Server, form_of, our_server

SLOTS = 2
ADMITTED = 5 * SLOTS  # being read, and waiting
UPLOAD_BYTES, JSON_BYTES = 48_000_000, 51_000_000
WORDS, SHARED_PAGES = 20_000, 20
MOST_LIVE_MS = 100  # of one request alone
PROBE_INTERVAL_S = 0.02
KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Case:
    """A request that is sent `at_once` times; the server may take `most_mb` more than before."""

    media_type: str
    make: Callable[[], bytes]
    most_mb: int
    at_once: int = 1
    path: str = "/v1/documents"
    accept: str = "application/json"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case has cost: answers by status, MB over idle, milliseconds of the slowest probe."""

    statuses: Mapping[int, int]
    over_mb: float
    live_ms: float
    took_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Send, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--case", action="append", choices=CASES)
    asked = parser.parse_args(arguments)
    are_met = True
    print(
        f"{'case':22} {'sent MB':>8} {'peak MB':>8} {'most':>5} {'/livez ms':>10} {'s':>6}  answers"
    )
    with our_server("pytesseract", OCR_SLOTS=str(SLOTS)) as server:
        send(server, Case("image/png", picture, 0))  # modules are loaded by the first request
        for name in asked.case or CASES:
            case = CASES[name]
            body = case.make()
            outcome = measure(server, case, body)
            is_met = outcome.over_mb <= case.most_mb and (
                case.at_once > 1 or outcome.live_ms <= MOST_LIVE_MS
            )
            are_met &= is_met
            answers = ", ".join(f"{n} × {status}" for status, n in sorted(outcome.statuses.items()))
            print(
                f"{name:22} {case.at_once * len(body) / 1e6:8.1f} {outcome.over_mb:8.0f} "
                f"{case.most_mb:5} {outcome.live_ms:10.0f} {outcome.took_s:6.1f}  {answers}"
                f"{'' if is_met else '  MISSED'}",
                flush=True,
            )
    return 0 if are_met else 1


def measure(server: Server, case: Case, body: bytes) -> Outcome:
    """Send a case, and watch the server process meanwhile."""
    process = Path(f"/proc/{server.process.pid}")
    with suppress(PermissionError):  # the server hides its memory from all but root
        (process / "clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: proc(5)
    idle_kb = _status_kb(process, "VmRSS")
    over = threading.Event()
    with ThreadPoolExecutor(case.at_once + 1) as threads:
        probe = threads.submit(slowest_probe_s, server, over)
        begun = time.monotonic()
        sent = [threads.submit(send, server, case, body) for _ in range(case.at_once)]
        answers = [one.result() for one in sent]
        took_s = time.monotonic() - begun
        over.set()
        live_ms = probe.result() * 1000
    statuses = {status: answers.count(status) for status in answers}
    over_mb = (_status_kb(process, "VmHWM") - idle_kb) / KIB
    return Outcome(statuses, over_mb, live_ms, took_s)


def send(server: Server, case: Case, body: bytes | None = None) -> int:
    """The status of the answer; its bytes are read and dropped."""
    connection = server.connect()
    try:
        headers = {"Content-Type": case.media_type, "Accept": case.accept}
        connection.request("POST", case.path, body or case.make(), headers)
        response = connection.getresponse()
        while response.read(MIB):
            pass
        return response.status
    finally:
        connection.close()


def picture() -> bytes:
    """A line of text, as PNG."""
    drawn = Image.new("L", (560, 120), 255)
    ImageDraw.Draw(drawn).text((40, 36), "Read me: 12 apples", 0, ImageFont.load_default(40))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()


def large_picture(size_bytes: int = UPLOAD_BYTES) -> bytes:
    """The same, of many bytes: what follows the end of a PNG is not looked at."""
    return picture().ljust(size_bytes, b"\0")


def form() -> bytes:
    """A large picture as a form sends it."""
    body, _ = form_of(large_picture())
    return body


def base64_json(group: int, separator: str = "", end: str = "") -> bytes:
    """JSON with a large picture in base64, in groups of letters."""
    letters = JSON_BYTES * group // (group + len(separator.encode()))
    encoded = base64.b64encode(large_picture(letters * 3 // 4)).decode()
    if separator:
        encoded = separator.join(encoded[at : at + group] for at in range(0, len(encoded), group))
    return f'{{"image": "{encoded}{end}"}}'.encode()


def many_names() -> bytes:
    """A form of very many fields."""
    return "&".join(f"f{number}=" for number in range(140_000)).encode()


def pdf_of_words() -> bytes:
    """A small PDF of pages that share one stream of tiny words."""
    rows = b"".join(
        b"1 0 0 1 %d %d Tm (%s) Tj\n" % (10 + 4 * column, 10 + 4 * row, b"ab cd")
        for row in range(WORDS // 2 // 100)
        for column in range(100)
    )
    stream = b"BT /F 1 Tf " + rows + b"ET"
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(SHARED_PAGES))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, SHARED_PAGES),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        *[
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> >>"
        ]
        * SHARED_PAGES,
    ]
    file, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, len(file))
    return bytes(file + head + table + tail)


def document_json(pages: int = 200) -> bytes:
    """The JSON of a document of 500 words a page, by which they are 100,000."""
    word = {"text": "word", "box": [1, 2, 30, 40], "confidence": 0.9}
    line = {"words": [word] * 10}
    return _json_of(pages, {"kind": "text", "lines": [line] * 50})


def tables_json() -> bytes:
    """The JSON of a document of 200 pages with a table of 50 rows and 10 columns each."""
    lines, cells = [], []
    for row in range(50):
        for column in range(10):
            box = [50 * column, 20 * row, 50 * column + 50, 20 * row + 20]
            cells.append({"row": row, "column": column, "text": "word", "box": box})
            lines.append({"words": [{"text": "word", "box": box, "confidence": 0.9}]})
    table = {"rows": 50, "columns": 10, "cells": cells}
    return _json_of(200, {"kind": "table", "lines": lines, "table": table})


def _json_of(pages: int, zone: dict[str, Any]) -> bytes:
    size = {"width_px": 500, "height_px": 1000, "dpi": 300}
    numbers = range(1, pages + 1)
    return json.dumps(
        {"pages": [{"number": number, **size, "zones": [zone]} for number in numbers]}
    ).encode()


def faulty_json() -> bytes:
    """The JSON of very many pages, each without everything."""
    return b'{"pages": [' + b"{}," * 300_000 + b"{}]}"


CASES = {
    "a small picture": Case("image/png", picture, 100, 1),
    "raw, all admitted": Case("image/png", large_picture, 150, ADMITTED),
    "form, all admitted": Case(f"multipart/form-data; boundary={BOUNDARY}", form, 150, ADMITTED),
    "JSON, all admitted": Case(
        "application/json", lambda: base64_json(UPLOAD_BYTES), 150, ADMITTED
    ),
    "JSON": Case("application/json", lambda: base64_json(JSON_BYTES), 100),
    "JSON in twos": Case("application/json", lambda: base64_json(2, " "), 100),
    "JSON in fours": Case("application/json", lambda: base64_json(4, "\\n"), 100),
    "JSON, an odd letter": Case("application/json", lambda: base64_json(JSON_BYTES, end="😀"), 100),
    "140,000 field names": Case("application/x-www-form-urlencoded", many_names, 100),
    "400,000 words in PDF": Case("application/pdf", pdf_of_words, 100),
    "the same as a stream": Case(
        "application/pdf", pdf_of_words, 100, accept="application/x-ndjson"
    ),
    "a document to render": Case("application/json", document_json, 100, path="/v1/render"),
    "a faulty one": Case("application/json", faulty_json, 100, path="/v1/render"),
}


def slowest_probe_s(server: Server, over: threading.Event) -> float:
    """The longest time that `/livez` took until it is `over`, in seconds."""
    connection, slowest_s = server.connect(), 0.0
    while not over.wait(PROBE_INTERVAL_S):
        begun = time.monotonic()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        slowest_s = max(slowest_s, time.monotonic() - begun)
    connection.close()
    return slowest_s


def _status_kb(process: Path, name: str) -> int:
    status = (process / "status").read_text(encoding="ascii", errors="replace")
    return int(dict(line.split(":", 1) for line in status.splitlines())[name].split()[0])


if __name__ == "__main__":
    sys.exit(main())
