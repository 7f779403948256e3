"""Messages between the server and a worker process, through a pair of connected sockets.

Calls are pickled: they come from the server. Answers are MessagePack, and the server decodes them
as the type that the task declares to return, so that a worker taken over by a file can send wrong
values, but nothing that is run.
"""

from __future__ import annotations

import math
import pickle
import socket
import struct
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import msgspec

from ocr_server.document.languages import Guess
from ocr_server.document.model import plain_scalar
from ocr_server.errors import OcrServerError

# The socket to the server, in a worker process.
SERVER: ContextVar[socket.socket] = ContextVar("server")
_LENGTH = struct.Struct("!Q")
_QUESTION = b"?"  # begins a question; an answer begins with a sign of MessagePack for a pair
_QUESTION_DECODER = msgspec.msgpack.Decoder(tuple[str, tuple[str, ...]])
MOST_ANSWER_BYTES = 64 * 2**20  # a page of 20,000 words with all symbols takes 15 MB


class TaskFailed(Exception):
    """A task failed by a fault of the program; the note is the traceback in the worker."""


@dataclass(frozen=True, slots=True)
class _Problem:
    """An error: the `code` of an `OcrServerError`, or None, its message, numbers and traceback."""

    code: str | None
    message: str
    extra: dict[str, Any]  # `errors.Extra`, as plain values
    traceback: str


def encode_answer(result: object, error: Exception | None, traceback: str = "") -> bytes:
    """The result of a task, or the error that it raised, as a message."""
    problem = None
    if isinstance(error, OcrServerError):
        problem = _Problem(error.code, error.message, error.extra, traceback)
    elif error is not None:
        problem = _Problem(None, f"{type(error).__name__}: {error}", {}, traceback)
    return msgspec.msgpack.encode((result, problem), enc_hook=plain_scalar)


def decode_answer(
    message: bytes | bytearray, task: Callable[..., object]
) -> tuple[Any, Exception | None]:
    """The result of a task and the error that it raised, one of which is None.

    Raises:
        ValueError: the message is not an answer of that task.
    """
    try:
        result, problem = _decoder(task).decode(message)
    except msgspec.DecodeError as fault:
        raise ValueError(f"not an answer of {task.__name__}: {fault}") from fault
    if problem is None:
        return result, None
    error = _error_of(problem)
    error.add_note(problem.traceback)
    return None, error


def ask_server(text: str, codes: tuple[str, ...]) -> tuple[Guess, ...]:
    """Ask the server from within a task, in a worker process: the language of a text."""
    peer = SERVER.get()
    send_message(peer, _QUESTION + msgspec.msgpack.encode((text, codes)))
    guesses: tuple[Guess, ...] = pickle.loads(receive_message(peer))  # noqa: S301  # of the server
    return guesses


def decode_question(message: bytes | bytearray) -> tuple[str, tuple[str, ...]] | None:
    """The text and the languages of a question; None if the message is an answer.

    Raises:
        ValueError: it is neither.
    """
    if not message.startswith(_QUESTION):
        return None
    try:
        return _QUESTION_DECODER.decode(message[len(_QUESTION) :])
    except msgspec.DecodeError as fault:
        raise ValueError(f"not a question: {fault}") from fault


def send_message(
    peer: socket.socket, message: bytes, *, on_timeout: Callable[[], None] | None = None
) -> None:
    """Send a message; after each timeout of the socket `on_timeout` is called, which may raise.

    Raises:
        OSError: the other side has closed.
    """
    for part in (_LENGTH.pack(len(message)), message):
        left = memoryview(part)
        while left:
            try:
                left = left[peer.send(left) :]
            except TimeoutError:
                if on_timeout:
                    on_timeout()


def receive_message(
    peer: socket.socket,
    *,
    on_timeout: Callable[[], None] | None = None,
    most_bytes: float = math.inf,
) -> bytearray:
    """The next message; after each timeout of the socket `on_timeout` is called, which may raise.

    Raises:
        EOFError: the other side has closed.
        OSError: the other side has closed, or the message has more than `most_bytes`.
    """
    (length,) = _LENGTH.unpack(_receive(peer, _LENGTH.size, on_timeout))
    if length > most_bytes:
        raise OSError(f"a message of {length} bytes")
    return _receive(peer, length, on_timeout)


def _receive(peer: socket.socket, count: int, on_timeout: Callable[[], None] | None) -> bytearray:
    received = bytearray(count)
    left = memoryview(received)
    while left:
        try:
            length = peer.recv_into(left)
        except TimeoutError:
            if on_timeout:
                on_timeout()
            continue
        if not length:
            raise EOFError
        left = left[length:]
    return received


def _error_of(problem: _Problem) -> Exception:
    kind = _errors().get(problem.code)
    if kind is None:
        return TaskFailed(problem.message)
    error = kind(problem.message)
    error.extra = problem.extra
    return error


@cache
def _decoder(task: Callable[..., object]) -> msgspec.msgpack.Decoder[Any]:
    result: Any = get_type_hints(task)["return"]  # a type, or a union of types
    answer: Any = tuple[result | None, _Problem | None]
    return msgspec.msgpack.Decoder(answer)


@cache
def _errors() -> dict[str | None, type[OcrServerError]]:
    """Every error by its code."""
    found: dict[str | None, type[OcrServerError]] = {}
    left = [OcrServerError]
    while left:
        kind = left.pop()
        found[kind.code] = kind
        left += kind.__subclasses__()
    return found
