"""The station's own page: the last readings as they come, with picture, values and counts."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from ocr_server.browser_safety import is_cross_site, is_served, security_headers, served_names
from ocr_server.errors import AddressUnavailable
from ocr_server.station.journal import Entry, Journal

SHOWN = 20
TIMEOUT_S = 30.0
HEADERS = {
    **security_headers({"img-src": "'self'", "connect-src": "'self'"}),
    "Cache-Control": "no-store",
}
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_MISDIRECTED = (
    b"This page answers to addresses, localhost and the name of its machine only. For another"
    b" name, start the station with --http NAME:PORT.\n"
)
_CROSS_SITE = b"A browser sent this for a page of another site. Open this page itself.\n"


class StationPage:
    """Served from memory and the journal; it shows pictures since the start of the station."""

    def __init__(
        self,
        address: tuple[str, int],
        journal: Journal,
        profile: str,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take the address.

        Raises:
            AddressUnavailable: it is in use, or not of this machine.
        """
        self._journal, self._profile = journal, profile
        self._names = served_names(address[0], (address[0],))
        self._pictures: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        page = self

        class Handler(_Handler):
            shown = page
            timeout = timeout_s

        try:
            self._server = ThreadingHTTPServer(address, Handler)
        except OSError as error:
            how = "Name another address with --http."
            raise AddressUnavailable.of(*address, error, how=how) from error
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """The port it is served on."""
        return int(self._server.server_address[1])

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve in a thread, for the length of a with-block."""
        thread = threading.Thread(target=self._server.serve_forever, name="page")
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def is_called(self, host: str) -> bool:
        """Whether a request for `host`, as browsers name it, may be one for this page."""
        return is_served(host, self._names)

    def remember(self, entry: Entry, _data: bytes, annotated: bytes | None) -> None:
        """Keep the picture of a reading as long as it is shown."""
        if annotated is None:
            return
        with self._lock:
            self._pictures[entry.serial] = annotated
            while len(self._pictures) > SHOWN:
                self._pictures.popitem(last=False)

    def picture(self, serial: int) -> bytes | None:
        """The picture of a reading, if it is still there."""
        with self._lock:
            return self._pictures.get(serial)

    def state(self) -> Mapping[str, Any]:  # JSON
        """The last readings, newest first, and how many there were in each of the last hours."""
        with self._lock:
            pictures = set(self._pictures)
        return {
            "profile": self._profile,
            "readings": [
                {
                    "serial": entry.serial, "at": entry.at, "source": entry.source,
                    "valid": _is_valid(entry), "picture": entry.serial in pictures,
                    "fields": entry.answer["fields"], "problem": entry.answer.get("problem"),
                }
                for entry in self._journal.last(SHOWN)
            ],
            "hours": [
                {"hour": hour, "readings": count}
                for hour, count in self._journal.counts_by_hour(_a_day_ago())
            ],
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    shown: StationPage
    server_version = "station"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        host = self.headers.get("Host", "localhost")
        if not self.shown.is_called(host):
            self._send(421, "text/plain", _MISDIRECTED)
        elif is_cross_site("GET", self.headers, host=host):
            self._send(403, "text/plain", _CROSS_SITE)
        elif path in FILES:
            name, media_type = FILES[path]
            text = resources.files("ocr_server.station").joinpath("static", name).read_bytes()
            self._send(200, media_type, text)
        elif path == "/state.json":
            state = json.dumps(self.shown.state()).encode()
            self._send(200, "application/json", state)
        elif found := re.fullmatch("/pictures/([0-9]{1,18})", path):
            picture = self.shown.picture(int(found[1]))
            if picture is None:
                self._send(404, "text/plain", b"This picture is not kept any more.\n")
            else:
                self._send(200, "image/png", picture)
        else:
            self._send(404, "text/plain", b"There is no such page.\n")

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: who looks at the page is not logged."""


def _is_valid(entry: Entry) -> bool:
    """Whether it was read and all its fields are valid."""
    fields = entry.answer["fields"].values()
    return not entry.answer.get("problem") and all(field["valid"] for field in fields)


def _a_day_ago() -> str:
    return (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="milliseconds")
