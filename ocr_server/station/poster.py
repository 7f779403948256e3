"""Readings as JSON to a server: in order, at least once, each with a key that stays the same."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from ocr_server.client import open_url
from ocr_server.errors import StationError
from ocr_server.station.journal import Entry
from ocr_server.station.sinks import Undelivered

TIMEOUT_S = 10.0


class Poster:
    """Posts to one address. What is not answered by 2xx is offered again before all that follow."""

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
            with open_url(request, timeout=TIMEOUT_S) as response:
                response.read()
        except urllib.error.HTTPError as error:
            error.close()
            raise Undelivered(f"the server answered {error.code}") from error
        except OSError as error:
            raise Undelivered("the server does not answer") from error
