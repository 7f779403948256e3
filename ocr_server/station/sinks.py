"""The sinks of a station: each takes readings from the journal in order and marks the delivered.

Pictures are not in the journal: `AnnotatedFolder` gets them only when they are read.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ocr_server.client import open_url
from ocr_server.deadline import backoff_s
from ocr_server.errors import StationError
from ocr_server.station.journal import Entry, Journal

RECHECK_S = 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 30.0
ENDING_S, ENDED_S = 1.0, 3.0
POST_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


class Undelivered(Exception):
    """A sink could not take a reading now; it will be offered again."""


class Sink(Protocol):
    """Something that takes readings."""

    @property
    def name(self) -> str:
        """Its name in the journal."""

    def take(self, entry: Entry) -> None:
        """Take a reading; one that was taken may come again.

        Raises:
            Undelivered: it cannot now.
        """


class AnnotatedFolder:
    """A folder of PNG pictures with their boxes, named by serial number and source."""

    def __init__(self, path: Path) -> None:
        """Keep them there.

        Raises:
            StationError: it is not a folder.
        """
        if not path.is_dir():
            raise StationError(f"{path} is not a folder.")
        self._path = path

    def keep(self, entry: Entry, _data: bytes, annotated: bytes | None) -> None:
        """Write the picture under another name first, so that nobody sees half of one."""
        if annotated is None:
            return
        source = re.sub(r"[^\w.-]", "_", entry.source)[-64:]
        path = self._path / f"{entry.serial:08}-{source}.png"
        part = path.with_suffix(".part")
        part.write_bytes(annotated)
        part.replace(path)


class Poster:
    """Posts readings as JSON to one address: in order, at least once, each with a constant key.

    What is not answered by 2xx is offered again before all that follow.
    """

    name = "post"

    def __init__(self, url: str, *, station_id: str) -> None:
        """Post there.

        Raises:
            StationError: it is no address of the web.
        """
        if not url.startswith(("http://", "https://")):
            raise StationError(f"{url} is not an address; use one such as http://localhost:9000/.")
        self._url, self._station_id = url, station_id

    def take(self, entry: Entry) -> None:
        """Post a reading.

        Raises:
            Undelivered: nobody answered, or not by 2xx.
        """
        body = {
            "station": self._station_id, "serial": entry.serial, "at": entry.at,
            "source": entry.source, **entry.answer,
        }  # fmt: skip
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked
            self._url,
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": f"{self._station_id}-{entry.serial}",
            },
        )
        try:
            # Its head is the answer: a body may come drop by drop, for ever.
            open_url(request, timeout=POST_TIMEOUT_S).close()
        except urllib.error.HTTPError as error:
            error.close()
            raise Undelivered(f"the server answered {error.code}") from error
        except OSError as error:
            raise Undelivered("the server does not answer") from error
        except (http.client.HTTPException, ValueError) as error:  # the latter of its Location
            raise Undelivered("the server does not answer in HTTP") from error


class Delivery:
    """Hands each sink, in a thread of its own, what is in the journal."""

    def __init__(self, journal: Journal, sinks: Iterable[Sink]) -> None:
        self._journal = journal
        self._is_ending = threading.Event()
        self._ends = float("inf")
        self._has_ended = False
        wanted = tuple(sinks)
        self._news = {sink.name: threading.Event() for sink in wanted}
        # Daemons, so that one whose sink does not come back ends with the program.
        self._threads = [
            threading.Thread(target=self._run, args=(sink,), name=sink.name, daemon=True)
            for sink in wanted
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Tell that there is something new."""
        for news in self._news.values():
            news.set()

    def end(self) -> None:
        """Hand out what is there, but for `ENDING_S` only; the rest stays in the journal.

        A sink that has not taken a reading after `ENDED_S` is left; it is offered it again.
        """
        begun = time.monotonic()
        self._ends = begun + ENDING_S
        self._is_ending.set()
        self.wake()
        for thread in self._threads:
            thread.join(max(0.0, begun + ENDED_S - time.monotonic()))
            if thread.is_alive():
                log.warning("%s does not answer; the rest stays in the journal", thread.name)
        self._has_ended = True

    def _run(self, sink: Sink) -> None:
        news = self._news[sink.name]
        waits_s = backoff_s(FIRST_WAIT_S, LONGEST_WAIT_S)
        while True:
            is_last_round = self._is_ending.is_set()
            news.clear()
            try:
                for entry in self._journal.pending(sink.name):
                    sink.take(entry)
                    if self._has_ended:  # it was left, and the journal is closed
                        return
                    self._journal.mark(sink.name, entry.serial)
                    waits_s = backoff_s(FIRST_WAIT_S, LONGEST_WAIT_S)
                    if time.monotonic() > self._ends:
                        return
            except Undelivered as error:
                wait_s = next(waits_s)
                log.warning("%s: %s; it is tried again in %.1f s", sink.name, error, wait_s)
                self._is_ending.wait(wait_s)
            except Exception:
                log.exception("%s failed; it is tried again", sink.name)
                self._is_ending.wait(LONGEST_WAIT_S)
            else:
                if not is_last_round:
                    news.wait(RECHECK_S)
            if is_last_round or time.monotonic() > self._ends:
                return
