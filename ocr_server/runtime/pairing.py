"""Phones that are the cameras of desks: which phone belongs to which desk, and what it has sent.

A desk shows a token of 128 random bits. The first phone that names it within ten minutes gets a
secret of its own for it, and the token is void. What the phone sends then lies in the store, as the
desk's, until the desk takes it. A pairing ends ten minutes after the desk was last heard of, or
when there are too many newer ones.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ocr_server.errors import PairingMissing
from ocr_server.runtime.store import KEEP_S, Store

MOST_PAIRINGS = 1000
MOST_PICTURES = 1000  # of a phone, that nobody has taken yet
MOST_WAITING = 4  # desks that wait for a change, each in a thread of the server; others ask again
_PART = "file"  # of an entry of the store
_LOOK_S = 0.5  # between looks whether the client has gone or the server ends


@dataclass(frozen=True, slots=True)
class SentPicture:
    """What a phone has sent: by number from 1, and by number of what was sent in one go.

    `media_type` is what the phone calls it.
    """

    number: int
    sent: int
    name: str
    media_type: str
    size_bytes: int
    stored_id: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """A desk and its phone as they are now; `changes` is another number after each change."""

    id: str
    is_claimed: bool
    changes: int
    pictures: tuple[SentPicture, ...]


@dataclass(slots=True)
class _Entry:
    id: str
    owner: str
    token: str  # empty once it was used
    token_ends_s: float  # by the monotonic clock, as is the next
    ends_s: float
    secret: str = ""  # of the phone
    changes: int = 0
    sent: int = 0
    numbered: int = 0
    pictures: list[SentPicture] = field(default_factory=list)

    def seen(self) -> Pairing:
        return Pairing(self.id, bool(self.secret), self.changes, tuple(self.pictures))


class Pairings:
    """The pairings of a server; all methods may be called by several threads."""

    def __init__(self, store: Store, *, keep_s: float = KEEP_S) -> None:
        self._store, self._keep_s = store, keep_s
        self._entries: dict[str, _Entry] = {}  # the oldest first
        self._changed = threading.Condition()
        self._waiting = threading.Semaphore(MOST_WAITING)

    def begin(self, owner: str) -> tuple[str, str]:
        """The id of a new pairing of a desk, and its token for a phone."""
        now_s = time.monotonic()
        ends_s = now_s + self._keep_s
        entry = _Entry(secrets.token_hex(16), owner, secrets.token_hex(16), ends_s, ends_s)
        with self._changed:
            over = [one.id for one in self._entries.values() if one.ends_s <= now_s]
            spare = len(self._entries) - len(over) - MOST_PAIRINGS + 1
            live = [one for one in self._entries if one not in over]
            for ended in (*over, *live[: max(0, spare)]):
                self._remove(self._entries[ended])
            self._entries[entry.id] = entry
        return entry.id, entry.token

    def has(self, key: str) -> bool:
        """Whether a key is the token of a desk that waits, or the secret of a phone."""
        with self._changed:
            return self._with_token(key) is not None or self._with_secret(key) is not None

    def claim(self, token: str) -> str:
        """The secret of the phone that brings a token, which is void then.

        Raises:
            PairingMissing: no desk waits with that token.
        """
        with self._changed:
            entry = self._with_token(token)
            if entry is None:
                raise PairingMissing.of_token()
            entry.token, entry.secret = "", secrets.token_hex(16)
            self._tell(entry)
            return entry.secret

    def send(self, secret: str, files: Sequence[tuple[str, str, Path]]) -> None:
        """Keep files for the desk of a phone: name, media type and content of each.

        Raises:
            PairingMissing: the phone has no desk any more.
            StorageFull: the store, or the desk, has no room for them.
        """
        owner = self._of_phone(secret).owner
        stored = [self._store.keep(owner, {_PART: path}) for _, _, path in files]
        with self._changed:
            entry = self._of_phone(secret)
            entry.sent += 1
            for one, (name, media_type, _) in zip(stored, files, strict=True):
                entry.numbered += 1
                entry.pictures.append(
                    SentPicture(
                        entry.numbered, entry.sent, name, media_type, one.size_bytes, one.id
                    )
                )
            for lost in entry.pictures[:-MOST_PICTURES]:
                self._store.forget(lost.stored_id, owner)
            del entry.pictures[:-MOST_PICTURES]
            self._tell(entry)

    def look(
        self,
        pairing_id: str,
        owner: str,
        *,
        seen: int | None = None,
        wait_s: float = 0.0,
        cancelled: threading.Event | None = None,
    ) -> Pairing:
        """A pairing of a desk as it is now, or within `wait_s` as soon as it is not as it was seen.

        `seen` are the changes of that look. If too many desks wait already, nobody waits.

        Raises:
            PairingMissing: there is none, it is another's, or it has ended.
        """
        waits = wait_s > 0 and self._waiting.acquire(blocking=False)
        ends_s = time.monotonic() + (wait_s if waits else 0)
        try:
            with self._changed:
                while True:
                    entry = self._of_desk(pairing_id, owner)
                    left_s = ends_s - time.monotonic()
                    is_cancelled = cancelled is not None and cancelled.is_set()
                    if entry.changes != seen or left_s <= 0 or is_cancelled:
                        return entry.seen()
                    self._changed.wait(min(left_s, _LOOK_S))
        finally:
            if waits:
                self._waiting.release()

    def open(self, pairing_id: str, owner: str, number: int) -> tuple[SentPicture, BinaryIO]:
        """A picture and its content, for reading.

        Raises:
            PairingMissing: there is no such pairing, or no such picture any more.
        """
        picture = self._picture(pairing_id, owner, number)
        content = self._store.open(picture.stored_id, owner, _PART)
        if content is None:
            raise PairingMissing.of_picture(number)
        return picture, content

    def take(self, pairing_id: str, owner: str, number: int) -> None:
        """Forget a picture, which the desk has.

        Raises:
            PairingMissing: there is no such pairing, or no such picture any more.
        """
        picture = self._picture(pairing_id, owner, number)
        with self._changed:
            self._of_desk(pairing_id, owner).pictures.remove(picture)
        self._store.forget(picture.stored_id, owner)

    def end(self, pairing_id: str, owner: str) -> None:
        """End a pairing, and forget what its phone has sent.

        Raises:
            PairingMissing: there is none, or it is another's.
        """
        with self._changed:
            self._remove(self._of_desk(pairing_id, owner))

    def _picture(self, pairing_id: str, owner: str, number: int) -> SentPicture:
        with self._changed:
            for picture in self._of_desk(pairing_id, owner).pictures:
                if picture.number == number:
                    return picture
        raise PairingMissing.of_picture(number)

    def _of_desk(self, pairing_id: str, owner: str) -> _Entry:
        """A pairing that goes on, as its desk has asked for it."""
        entry = self._entries.get(pairing_id)
        now_s = time.monotonic()
        if entry is None or entry.owner != owner or entry.ends_s <= now_s:
            raise PairingMissing.of_desk()
        entry.ends_s = now_s + self._keep_s
        return entry

    def _of_phone(self, secret: str) -> _Entry:
        entry = self._with_secret(secret)
        if entry is None:
            raise PairingMissing.of_phone()
        return entry

    def _with_token(self, token: str) -> _Entry | None:
        now_s = time.monotonic()
        return next(
            (
                one
                for one in self._live()
                if now_s < one.token_ends_s and _is_same(one.token, token)
            ),
            None,
        )

    def _with_secret(self, secret: str) -> _Entry | None:
        return next((one for one in self._live() if _is_same(one.secret, secret)), None)

    def _live(self) -> list[_Entry]:
        now_s = time.monotonic()
        return [one for one in self._entries.values() if now_s < one.ends_s]

    def _tell(self, entry: _Entry) -> None:
        entry.changes += 1
        self._changed.notify_all()

    def _remove(self, entry: _Entry) -> None:
        del self._entries[entry.id]
        for picture in entry.pictures:
            self._store.forget(picture.stored_id, entry.owner)
        self._changed.notify_all()


def _is_same(known: str, given: str) -> bool:
    """Whether it is that one, in a time that says nothing about it; an empty one is never it."""
    return bool(known) and secrets.compare_digest(known.encode(), given.encode())
