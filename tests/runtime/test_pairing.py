from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.errors import PairingMissing
from ocr_server.runtime.pairing import MOST_PAIRINGS, MOST_WAITING, Pairings
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.runtime.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    scratch = ScratchSpace(str(tmp_path))
    store = Store(scratch, most_bytes=2**20)
    yield store
    store.close()
    scratch.close()


@pytest.fixture
def pairings(store: Store) -> Pairings:
    return Pairings(store)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "sent"
    path.write_bytes(b"a picture")
    return path


def test_a_token_is_good_once(pairings: Pairings) -> None:
    desk, token = pairings.begin("me")
    assert not pairings.look(desk, "me").is_claimed

    secret = pairings.claim(token)

    assert pairings.look(desk, "me").is_claimed
    assert pairings.has(secret)
    assert not pairings.has(token)
    with pytest.raises(PairingMissing, match="used already"):
        pairings.claim(token)


@pytest.mark.parametrize("key", ["", "0" * 32, "ümlaut"])
def test_no_other_key_is_one(pairings: Pairings, key: str) -> None:
    pairings.begin("me")

    assert not pairings.has(key)
    with pytest.raises(PairingMissing):
        pairings.claim(key)


def test_a_token_ends_though_its_desk_still_waits(store: Store) -> None:
    pairings = Pairings(store, keep_s=0.2)
    desk, token = pairings.begin("me")
    ends_s = time.monotonic() + 0.3
    while time.monotonic() < ends_s:
        pairings.look(desk, "me")
        time.sleep(0.02)

    with pytest.raises(PairingMissing):
        pairings.claim(token)


def test_a_phone_goes_with_its_desk(store: Store, picture: Path) -> None:
    pairings = Pairings(store, keep_s=0.1)
    _, token = pairings.begin("me")
    secret = pairings.claim(token)
    time.sleep(0.15)

    assert not pairings.has(secret)
    with pytest.raises(PairingMissing, match="closed"):
        pairings.send(secret, [("a.jpg", "image/jpeg", picture)])


def test_what_a_phone_sends_is_for_its_desk_alone(
    pairings: Pairings, store: Store, picture: Path
) -> None:
    desk, token = pairings.begin("me")
    secret = pairings.claim(token)
    pairings.send(secret, [("a.jpg", "image/jpeg", picture), ("b.jpg", "image/jpeg", picture)])
    pairings.send(secret, [("c.jpg", "image/jpeg", picture)])

    found = pairings.look(desk, "me").pictures
    assert [(one.number, one.sent, one.name) for one in found] == [
        (1, 1, "a.jpg"), (2, 1, "b.jpg"), (3, 2, "c.jpg"),
    ]  # fmt: skip
    _, content = pairings.open(desk, "me", 3)
    with content:
        assert content.read() == b"a picture"
    for ask in (pairings.look, pairings.end):
        with pytest.raises(PairingMissing):
            ask(desk, "another")

    pairings.take(desk, "me", 3)

    assert [one.number for one in pairings.look(desk, "me").pictures] == [1, 2]
    with pytest.raises(PairingMissing, match="Picture 3"):
        pairings.open(desk, "me", 3)

    pairings.end(desk, "me")

    assert store.size_bytes == 0
    assert not pairings.has(secret)


def test_a_desk_hears_of_a_change_at_once(pairings: Pairings) -> None:
    desk, token = pairings.begin("me")
    seen = pairings.look(desk, "me").changes
    timer = threading.Timer(0.1, pairings.claim, [token])
    timer.start()
    begun_s = time.monotonic()

    found = pairings.look(desk, "me", seen=seen, wait_s=30)

    assert found.is_claimed
    assert time.monotonic() - begun_s < 10
    timer.join()


def test_a_desk_that_has_gone_waits_no_longer(pairings: Pairings) -> None:
    desk, _ = pairings.begin("me")
    gone = threading.Event()
    gone.set()
    seen = pairings.look(desk, "me").changes

    assert pairings.look(desk, "me", seen=seen, wait_s=30, cancelled=gone).changes == seen


def test_so_many_desks_wait_and_others_are_answered_at_once(pairings: Pairings) -> None:
    desk, _ = pairings.begin("me")
    seen = pairings.look(desk, "me").changes
    gone = threading.Event()
    waiting = [
        threading.Thread(
            target=pairings.look,
            args=(desk, "me"),
            kwargs={"seen": seen, "wait_s": 30, "cancelled": gone},
        )
        for _ in range(MOST_WAITING)
    ]
    for one in waiting:
        one.start()
    time.sleep(0.2)

    assert pairings.look(desk, "me", seen=seen, wait_s=30).changes == seen

    gone.set()
    for one in waiting:
        one.join()


def test_the_oldest_of_too_many_is_dropped(pairings: Pairings) -> None:
    first, _ = pairings.begin("me")
    others = [pairings.begin("me")[0] for _ in range(MOST_PAIRINGS)]

    with pytest.raises(PairingMissing):
        pairings.look(first, "me")
    assert pairings.look(others[0], "me").id == others[0]
