from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.station.journal import Journal
from ocr_server.station.page import SHOWN, StationPage
from tests.station.reads_bytes import answer_of


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def get(page: StationPage, path: str) -> tuple[int, bytes, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page.port}{path}", timeout=10) as response:
            return response.status, response.read(), response.headers["Content-Security-Policy"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), ""


def test_the_page_shows_the_last_readings_with_their_pictures(journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display")
    with page.served():
        for number in range(1, SHOWN + 3):
            answer = answer_of(str(number), valid=number % 2 == 0)
            entry = journal.add(key=str(number), source="a.png", answer=answer)
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


@pytest.mark.parametrize("sent", [b"", b"GET / HT"])
def test_a_connection_that_asks_for_nothing_is_closed(sent: bytes, journal: Journal) -> None:
    page = StationPage(("127.0.0.1", 0), journal, "display", timeout_s=0.1)
    with page.served(), socket.create_connection(("127.0.0.1", page.port), 10) as connection:
        connection.sendall(sent)

        assert connection.recv(1) == b""
