"""JSON in a file, taken apart without being in memory whole: a picture in it is one long text.

The members of an object, and the items of a list, are found by their places in the file. What is
small is parsed, a picture is decoded piece by piece.
"""

from __future__ import annotations

import codecs
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ocr_server.document.json_reader import parse_json

PIECE_BYTES = 256 * 1024
# Between two pieces: else other threads wait 5 ms for the interpreter lock each time they need it,
# as reading a piece gives it up for too short a time to be woken in.
_PAUSE_S = 0.0005
# Values of a JSON with options, far more than anybody needs; in memory each can be 25 times as
# long as it was sent.
MOST_VALUES = 100_000
MOST_BYTES = 1024 * 1024  # of JSON that is parsed here: options, but no pictures
_MOST_MEMBERS, _MOST_DEPTH = 1000, 200
_NOT_JSON = "this is not JSON"

_BLANKS = re.compile(rb"[ \t\r\n]*+")
_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)  # up to its quote, or to a cut escape
_WHOLE_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WHOLE_TEXTS = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_SCALAR = re.compile(rb"[-+.\w]*+")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LEFT_OVER = re.compile(rb"([]}]*+)([\[{]*+)")
_CUT_ESCAPE = re.compile(rb"\\(?:u[\da-fA-F]{0,3})?\Z")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of JSON: the bytes of a file from `start` to `end`, without blanks around them."""

    path: Path
    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """How many bytes it has."""
        return self.end - self.start

    @property
    def kind(self) -> bytes:
        """Its first byte: a quote of a text, a brace of an object, a bracket of a list."""
        return next(self.pieces(), b"")[:1]

    def parsed(self, most_values: int = MOST_VALUES) -> Any:  # noqa: ANN401  # a client's
        """The value.

        Raises:
            ValueError: it is not JSON, is too large, or has too many values; the message is for
                the client.
        """
        if self.size_bytes > MOST_BYTES:
            raise ValueError(f"the JSON beside pictures has more than {MOST_BYTES} bytes")
        return parse_json(b"".join(self.pieces()), most_values)

    def members(self) -> dict[str, Value]:
        """The members of an object.

        Raises:
            ValueError: it is none; the message is for the client.
        """
        with self.path.open("rb") as file:
            return dict(_members(_Scanner(file, self)))

    def items(self) -> list[Value]:
        """The items of a list.

        Raises:
            ValueError: it is none; the message is for the client.
        """
        with self.path.open("rb") as file:
            return list(_items(_Scanner(file, self)))

    def text_pieces(self) -> Iterator[bytes]:
        """The text in pieces, as base64 is: an escape beyond ASCII becomes a question mark.

        Raises:
            ValueError: it is no text; the message is for the client.
        """
        cut = b""
        for piece in Value(self.path, self.start + 1, self.end - 1).pieces():
            text = cut + piece
            cut = b""
            if b"\\" in text:
                cut = _cut_escape(text)
                escaped = text[: len(text) - len(cut)].decode("ascii", "replace")
                text = json.loads(f'"{escaped}"', strict=False).encode("ascii", "replace")
            yield text
        if cut:
            raise ValueError(_NOT_JSON)

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, in pieces."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = self.size_bytes
            while left and (piece := file.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece
                _let_others_in(left)


def value_in(path: Path) -> Value:
    """The JSON in a file; a byte-order mark before it is left out.

    Raises:
        ValueError: the file has nothing else; the message is for the client.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        start = len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0
        scanner = _Scanner(file, Value(path, start, size_bytes))
        if not scanner.peek():
            raise ValueError("nothing was sent")
        return Value(path, scanner.position, size_bytes)


def object_in(path: Path) -> dict[str, Value]:
    """The members of the object of JSON in a file.

    Raises:
        ValueError: it is none; the message is for the client.
    """
    value = value_in(path)
    try:
        return value.members()
    except ValueError:
        if value.size_bytes <= MOST_BYTES and not isinstance(value.parsed(), dict):  # it says more
            raise ValueError("this is not a JSON object") from None
        raise


def _members(scanner: _Scanner) -> Iterator[tuple[str, Value]]:
    for _ in scanner.each(b"{", b"}", most=_MOST_MEMBERS):
        key = scanner.value()
        if key.kind != b'"':
            raise ValueError(_NOT_JSON)
        name = key.parsed()
        scanner.take(b":")
        yield name, scanner.value()


def _items(scanner: _Scanner) -> Iterator[Value]:
    for _ in scanner.each(b"[", b"]", most=MOST_VALUES):
        yield scanner.value()


class _Scanner:
    """Goes through a value of JSON, and holds only a piece of it."""

    def __init__(self, file: BinaryIO, value: Value) -> None:
        self._file, self._path, self._end = file, value.path, value.end
        self.position = value.start
        self._piece, self._base = b"", value.start

    def each(self, opening: bytes, closing: bytes, *, most: int) -> Iterator[None]:
        """Take the brackets and commas of a list or an object; stop before each of its parts.

        Raises:
            ValueError: it is none, or something follows it, or it has too many parts.
        """
        self.take(opening)
        if self.peek() != closing:
            for _ in range(most):
                yield
                if self.peek() != b",":
                    break
                self.take(b",")
            else:
                raise ValueError(f"the JSON has more than {most} values")
        self.take(closing)
        if self.peek():
            raise ValueError(_NOT_JSON)

    def peek(self) -> bytes:
        """The next byte that is not blank; none at the end."""
        self._skip(_BLANKS)
        return self._byte()

    def take(self, byte: bytes) -> None:
        """Go behind the next byte that is not blank.

        Raises:
            ValueError: it is another one.
        """
        if self.peek() != byte:
            raise ValueError(_NOT_JSON)
        self.position += 1

    def value(self) -> Value:
        """Go behind the next value, and return it.

        Raises:
            ValueError: there is none, or it does not end.
        """
        byte = self.peek()
        start = self.position
        if byte == b'"':
            self._skip_text()
        elif byte in {b"{", b"["}:
            self._skip_nested()
        else:
            self._skip(_SCALAR)
        if self.position == start:
            raise ValueError(_NOT_JSON)
        return Value(self._path, start, self.position)

    def _skip_text(self) -> None:
        self.position += 1
        while self._byte() and self._skip_plain():
            pass
        self._skip(_TEXT)
        if self._byte() != b'"':
            raise ValueError(_NOT_JSON)
        self.position += 1

    def _skip_plain(self) -> bool:
        """Go to the next quote or escape; whether that is beyond the piece.

        It takes a hundredth of the time of the pattern, in which no other thread can run.
        """
        at, end = self.position - self._base, len(self._piece)
        quote = self._piece.find(b'"', at)
        stop = end if quote < 0 else quote
        escape = self._piece.find(b"\\", at, stop)
        self.position = self._base + (stop if escape < 0 else escape)
        return self.position == self._base + end

    def _skip_nested(self) -> None:
        """Go behind an object or a list: piece by piece, by the brackets that are left over."""
        self.position += 1
        depth = 1
        while self._byte():
            ahead = self._piece[self.position - self._base :]
            match = _WHOLE_TEXTS.match(ahead)
            whole = match[0] if match else b""
            closed, opened = _unbalanced(_WHOLE_TEXT.sub(b"", whole))
            if closed >= depth:
                self.position += _end_of(whole, depth)
                return
            depth += opened - closed
            self.position += len(whole)
            if len(whole) < len(ahead):
                self._skip_text()
        raise ValueError(_NOT_JSON)

    def _skip(self, pattern: re.Pattern[bytes]) -> None:
        """Go behind all that the pattern matches, however many pieces that takes."""
        while self._byte():
            match = pattern.match(self._piece, self.position - self._base)
            self.position = self._base + (match.end() if match else 0)
            left = len(self._piece) - (self.position - self._base)
            if left > 1 or (left and self._byte() != b"\\"):
                return
            if left and not self._read():  # an escape that the end of the piece has cut
                return

    def _byte(self) -> bytes:
        """The byte at the position; none at the end."""
        if self.position >= self._base + len(self._piece):
            self._read()
        at = self.position - self._base
        return self._piece[at : at + 1]

    def _read(self) -> bool:
        """Hold the piece that begins at the position; whether it has more than one byte."""
        if self._piece:
            _let_others_in(self._end - self.position)
        self._file.seek(self.position)
        self._piece = self._file.read(min(PIECE_BYTES, max(0, self._end - self.position)))
        self._base = self.position
        return len(self._piece) > 1


def _let_others_in(left_bytes: int) -> None:
    """Let other threads run before the next piece, if there is one."""
    if left_bytes > 0:
        time.sleep(_PAUSE_S)


def _cut_escape(text: bytes) -> bytes:
    """What a text ends in if that is the beginning of an escape; a backslash may be escaped."""
    match = _CUT_ESCAPE.search(text, max(0, len(text) - 5))
    if match is None:
        return b""
    before = text[: match.start()]
    is_escaped = (len(before) - len(before.rstrip(b"\\"))) % 2
    return b"" if is_escaped else match[0]


def _unbalanced(text: bytes) -> tuple[int, int]:
    """How many brackets close what was opened before the text, and how many stay open after it.

    Raises:
        ValueError: brackets do not match, or are nested deeply.
    """
    brackets = text.translate(None, _NOT_BRACKETS)
    for _ in range(_MOST_DEPTH):
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    match = _LEFT_OVER.fullmatch(brackets)
    if match is None or len(match[2]) > _MOST_DEPTH:
        raise ValueError("the JSON is nested too deeply, or its brackets do not match")
    return len(match[1]), len(match[2])


def _end_of(text: bytes, depth: int) -> int:
    """Where in the text as many brackets have closed as are open before it."""
    for match in _BRACKETS.finditer(text):
        depth += 1 if match[0] in b"[{" else -1 if match[0] in b"]}" else 0
        if not depth:
            return match.end()
    raise ValueError(_NOT_JSON)


def json_object(text: str) -> dict[str, Any]:
    """The members of an object in a short text of JSON.

    Raises:
        ValueError: it is none; the message is for the client.
    """
    value = parse_json(text.encode(), MOST_VALUES)
    if not isinstance(value, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004  # for the client
    return value
