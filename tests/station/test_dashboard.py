from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ocr_server.station.dashboard import SHOWN, StationPage
from ocr_server.station.journal import Journal
from tests.station.reads_bytes import record_of


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def get(page: StationPage, path: str, host: str = "127.0.0.1") -> tuple[int, bytes, str]:
    url = f"http://127.0.0.1:{page.port}{path}"
    request = urllib.request.Request(url, headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  # it is HTTP
            return response.status, response.read(), response.headers["Content-Security-Policy"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), ""


def test_the_page_shows_the_last_readings_with_their_pictures(journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    with page.served():
        for number in range(1, SHOWN + 3):
            record = record_of(str(number), valid=number % 2 == 0)
            entry = journal.add(key=str(number), source="a.png", record=record)
            page.remember(entry, b"", b"picture %d" % number)
        state = json.loads(get(page, "/state.json")[1])

        assert state["profile"] == "display"
        assert [one["serial"] for one in state["readings"]] == list(range(SHOWN + 2, 2, -1))
        assert [one["valid"] for one in state["readings"][:2]] == [True, False]
        assert sum(hour["readings"] for hour in state["hours"]) == SHOWN + 2
        assert get(page, f"/pictures/{SHOWN}")[1] == b"picture %d" % SHOWN
        assert get(page, "/pictures/1")[0] == 404


@pytest.mark.parametrize(
    ("path", "holds"), [("/", b"<h1>"), ("/page.js", b"state.json"), ("/page.css", b"main")]
)
def test_its_files_are_served_under_a_strict_policy(
    path: str, holds: bytes, journal: Journal
) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    with page.served():
        status, body, policy = get(page, path)

    assert status == 200
    assert holds in body
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "path", ["/nothing", "/pictures/", "/pictures/x", f"/pictures/{'1' * 5000}", "/../journal.py"]
)
def test_nothing_else_is_served(path: str, journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    with page.served():
        assert get(page, path)[0] == 404


def test_another_s_name_that_is_made_to_lead_here_gets_nothing(journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    page.remember(journal.add(key="k", source="a.png", record=record_of("1")), b"", b"picture")
    with page.served():
        for path in ("/", "/state.json", "/pictures/1"):
            assert get(page, path, "station.localhost.example")[0] == 421
            assert get(page, path, "localhost")[0] == 200


def test_its_own_names_and_all_addresses_lead_here(journal: Journal) -> None:
    page = StationPage(("127.1", 0), journal, "display")  # an address to sockets, else a name
    own = ("localhost:8090", "LOCALHOST", "127.1:80", "192.0.2.7:8090", "[::1]", "[::1]:8090")
    others = ("evil.example", "evil.example:8090", "127.0.0.1.evil.example", "127.2", "[", "", "@")
    with page.served():
        assert [host for host in own if not page.is_called(host)] == []
        assert page.is_called(socket.gethostname())
        assert [host for host in others if page.is_called(host)] == []


@pytest.mark.parametrize("sent", [b"", b"GET / HT"])
def test_a_connection_that_asks_for_nothing_is_closed(sent: bytes, journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display", timeout_s=0.1)
    with page.served(), socket.create_connection(("127.0.0.1", page.port), 10) as connection:
        connection.sendall(sent)

        assert connection.recv(1) == b""


def test_pages_of_other_sites_get_nothing_but_links_lead_here(journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    with page.served():
        foreign = {"Host": "127.0.0.1", "Sec-Fetch-Site": "cross-site"}
        statuses = []
        for mode in ("no-cors", "navigate"):
            connection = HTTPConnection("127.0.0.1", page.port, timeout=10)
            connection.request("GET", "/", headers={**foreign, "Sec-Fetch-Mode": mode})
            statuses.append(connection.getresponse().status)
            connection.close()

    assert statuses == [403, 200]
