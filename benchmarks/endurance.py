"""Whether a station loses anything: pictures through a folder, a failing server, two kills.

    python -m benchmarks.endurance [--count 1000] [--profile display]

A station watches a folder into which pictures are put. The server that it posts to fails every
second request, and the station is killed with SIGKILL twice on the way. In the end every picture
has to be at the server once or more, serial numbers have to have no gap, and the table has to be
whole.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

from benchmarks.draw import draw_display

TIMEOUT_S = 1800.0
TURN_S = 0.05


@dataclass(frozen=True, slots=True)
class Report:
    """What came out: sources and serial numbers at the server and in the table, in order."""

    posted: list[tuple[int, str]]
    keys: set[str]
    logged: list[tuple[int, str]]
    exit_code: int


class FailingServer(ThreadingHTTPServer):
    """Answers every second request with 503, and remembers the others."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.requests = 0
        self.posted: list[tuple[int, str]] = []
        self.keys: set[str] = set()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_address[1]}/readings"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, FailingServer)  # noqa: S101  # who else
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requests += 1
            fails = server.requests % 2 == 1
            if not fails:
                server.posted.append((body["serial"], body["source"]))
                server.keys.add(self.headers["Idempotency-Key"])
        self.send_response(503 if fails else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def failing_server() -> Iterator[FailingServer]:
    """A server for the length of a with-block."""
    server = FailingServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def endure(
    command: Callable[[Path, Path, Path, str], Sequence[str]],
    pictures: Sequence[bytes],
    folder: Path,
    *,
    kills: int = 2,
) -> Report:
    """Put pictures into a watched folder, and kill the station on the way.

    `command` makes the station's command line from the folder, the table, the journal and the URL.
    """
    watched, table = folder / "in", folder / "readings.csv"
    watched.mkdir()
    with failing_server() as server:
        line = list(command(watched, table, folder / "journal", server.url))
        station = subprocess.Popen(line)  # noqa: S603  # our own
        left = kills
        for number, picture in enumerate(pictures):
            (watched / f"{number:05}.png").write_bytes(picture)
            if left and number + 1 == len(pictures) * (kills - left + 1) // (kills + 1):
                enough = len(pictures) * (kills - left + 1) // (kills + 2)
                _wait(lambda enough=enough: len(server.posted) > enough)  # type: ignore[misc]
                station.kill()
                station.wait()
                station = subprocess.Popen(line)  # noqa: S603
                left -= 1
        _wait(lambda: len({source for _, source in server.posted}) >= len(pictures))
        station.send_signal(signal.SIGTERM)
        exit_code = station.wait(timeout=60)
        return Report(server.posted, server.keys, _rows(folder), exit_code)


def faults_of(report: Report, count: int) -> list[str]:
    """What was lost, doubled or out of order, in words; none if all is well."""
    sources = {f"{number:05}.png" for number in range(count)}
    first = list(dict.fromkeys(serial for serial, _ in report.posted))
    faults = {
        "the server lacks pictures": {source for _, source in report.posted} != sources,
        "the server has a picture under two numbers": len(set(report.posted)) != count,
        "serial numbers at the server have a gap": first != list(range(1, count + 1)),
        "keys are not those of the readings": len(report.keys) != count,
        "the table is not whole": [serial for serial, _ in report.logged]
        != list(range(1, count + 1)),
        "the table and the server differ": set(report.logged) != set(report.posted),
        "the station did not end well": report.exit_code != 0,
    }
    return [fault for fault, is_so in faults.items() if is_so]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all with the real station."""
    parser = argparse.ArgumentParser(description="Whether a station loses anything.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--profile", default="display")
    asked = parser.parse_args(arguments)
    pictures = [_picture(number) for number in range(asked.count)]

    def command(watched: Path, table: Path, journal: Path, url: str) -> list[str]:
        return [
            sys.executable, "-m", "ocr_server", "station", asked.profile, "--watch", str(watched),
            "--csv", str(table), "--post", url, "--journal", str(journal),
        ]  # fmt: skip

    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = endure(command, pictures, Path(folder))
    faults = faults_of(report, asked.count)
    twice = len(report.posted) - asked.count
    print(f"{asked.count} pictures in {time.monotonic() - begun:.0f} s, {twice} delivered twice.")
    print("\n".join(faults) or "Nothing was lost.")
    return 1 if faults else 0


def _picture(number: int) -> bytes:
    file = BytesIO()
    drawn = draw_display(random.Random(number))  # noqa: S311  # drawn, not secret
    drawn.picture.save(file, "PNG")
    return file.getvalue()


def _rows(folder: Path) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = []
    for path in sorted(folder.glob("readings-*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows += [(int(row["serial"]), row["source"]) for row in csv.DictReader(file)]
    return rows


def _wait(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + TIMEOUT_S
    while not is_so():
        if time.monotonic() > ends:
            raise TimeoutError("the station does not go on")
        time.sleep(TURN_S)


if __name__ == "__main__":
    raise SystemExit(main())
