from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.errors import StorageFull
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.runtime.store import LEAST_ENTRY_BYTES, Store
from tests.waiting import wait_for

MOST = 4 * LEAST_ENTRY_BYTES
WHOLE = bytes(LEAST_ENTRY_BYTES)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[ScratchSpace]:
    scratch = ScratchSpace(str(tmp_path))
    yield scratch
    scratch.close()


@pytest.fixture
def store(scratch: ScratchSpace) -> Iterator[Store]:
    store = Store(scratch, most_bytes=MOST)
    yield store
    store.close()


def content(store: Store, entry_id: str, name: str, owner: str = "me") -> bytes | None:
    file = store.open(entry_id, owner, name)
    if file is None:
        return None
    with file:
        return file.read()


def files_in(scratch: ScratchSpace) -> list[str]:
    return [path.name for path in scratch.folder.rglob("*") if path.is_file()]


def test_parts_are_there_again_by_name(store: Store, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"%PDF")
    entry = store.keep("me", {"json": b"{}", "../pdf": made})
    made.unlink()

    assert content(store, entry.id, "json") == b"{}"
    assert content(store, entry.id, "../pdf") == b"%PDF"
    assert content(store, entry.id, "other") is None
    assert store.find(entry.id, "me") == entry
    assert (entry.size_bytes, entry.parts) == (6, ("json", "../pdf"))


def test_the_entries_of_an_owner_are_told_the_oldest_first(store: Store) -> None:
    entries = [store.keep(owner, {"a": b"a"}) for owner in ("me", "you", "me")]

    assert store.of("me") == (entries[0], entries[2])


def test_an_id_is_of_128_random_bits_and_of_its_key(store: Store) -> None:
    first, second = (store.keep("me", {"a": b"a"}) for _ in range(2))

    assert len(bytes.fromhex(first.id)) == 16
    assert first.id != second.id
    for owner in ("", "other"):
        assert store.find(first.id, owner) is None
        assert content(store, first.id, "a", owner) is None
        assert not store.forget(first.id, owner)
    assert store.find(first.id, "me")


def test_whoever_holds_most_loses_the_oldest(store: Store) -> None:
    quiet = store.keep("quiet", {"a": WHOLE})
    mine = [store.keep("me", {"a": WHOLE}) for _ in range(5)]

    assert store.find(quiet.id, "quiet")
    assert [bool(store.find(entry.id, "me")) for entry in mine] == [False, False, True, True, True]
    assert store.size_bytes == MOST


def test_small_entries_count_as_a_block(store: Store) -> None:
    entries = [store.keep("me", {"a": b""}) for _ in range(5)]

    assert sum(bool(store.find(entry.id, "me")) for entry in entries) == 4


def test_what_is_too_large_is_refused_and_drops_nothing(
    store: Store, scratch: ScratchSpace
) -> None:
    entry = store.keep("me", {"a": b"a"})
    with pytest.raises(StorageFull, match="OCR_STORE_BYTES"):
        store.keep("me", {"a": bytes(MOST), "b": b"b"})

    assert store.find(entry.id, "me")
    assert sorted(files_in(scratch)) == ["0", "lock"]


def test_what_is_forgotten_is_off_the_disk(store: Store, scratch: ScratchSpace) -> None:
    entry = store.keep("me", {"a": b"a"})
    opened = store.open(entry.id, "me", "a")
    assert opened
    assert store.forget(entry.id, "me")

    assert store.find(entry.id, "me") is None
    assert files_in(scratch) == ["lock"]
    with opened:
        assert opened.read() == b"a"  # who is being answered gets all of it


def test_time_ends_an_entry_that_nobody_asks_for(scratch: ScratchSpace) -> None:
    store = Store(scratch, most_bytes=MOST, keep_s=0.1)
    entry = store.keep("me", {"a": b"a"})
    wait_for(lambda: files_in(scratch) == ["lock"])

    assert store.find(entry.id, "me") is None
    store.close()


def test_nothing_is_left_at_the_end(scratch: ScratchSpace) -> None:
    store = Store(scratch, most_bytes=MOST)
    store.keep("me", {"a": b"a"})
    store.close()

    assert files_in(scratch) == ["lock"]
    assert store.size_bytes == 0


def test_a_folder_that_somebody_emptied_is_made_again(store: Store, scratch: ScratchSpace) -> None:
    lost = store.keep("me", {"a": b"a"})
    scratch_files = [path for path in scratch.folder.rglob("*") if path.is_file()]
    for path in scratch_files:
        path.unlink()

    assert content(store, lost.id, "a") is None
    assert content(store, store.keep("me", {"a": b"b"}).id, "a") == b"b"
