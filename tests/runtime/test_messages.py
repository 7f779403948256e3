from __future__ import annotations

import inspect
import pickle
import socket
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from ocr_server import office_tasks, tasks
from ocr_server.document.page_files import PageReading
from ocr_server.errors import OcrServerError, PageMissing
from ocr_server.export.rendering import Claim, ClaimOutcome
from ocr_server.office.plain import OfficeText, PlainBlock, PlainKind
from ocr_server.runtime.messages import (
    TaskFailed,
    decode_answer,
    encode_answer,
    receive_message,
    send_message,
)
from tests import tasks as test_tasks
from tests.export.documents import two_pages
from tests.test_errors import EVERY_ERROR


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.mark.parametrize(
    ("task", "result"),
    [
        *((tasks.read_page, PageReading(page)) for page in two_pages().pages),
        (tasks.draw_page, b"\x89PNG"),
        (tasks.count_pages, 7),
        (tasks.render, {Claim.PDF_A: ClaimOutcome.DROPPED}),
        (office_tasks.unpack_pictures, (1, 0)),
        (
            office_tasks.read_office_file,
            OfficeText({"text": "a"}, (PlainBlock(PlainKind.PARAGRAPH, "a"),), ("b",)),
        ),
    ],
)
def test_a_result_arrives_as_it_was(task: Callable[..., object], result: object) -> None:
    assert decode_answer(encode_answer(result, None), task) == (result, None)


def _tasks() -> list[Callable[..., object]]:
    """Every function that a worker process runs."""
    return [
        value
        for module in (tasks, office_tasks)
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and any("context" in parameter for parameter in inspect.signature(value).parameters)
        and not name.startswith("_")
    ]


@pytest.mark.parametrize("task", _tasks())
def test_the_server_can_take_the_answer_of_every_task(task: Callable[..., object]) -> None:
    _, error = decode_answer(encode_answer(None, PageMissing("No page 7.")), task)

    assert isinstance(error, PageMissing)


def test_numbers_of_numpy_arrive_as_python_s() -> None:
    result, _ = decode_answer(encode_answer(np.int64(7), None), tasks.count_pages)

    assert type(result) is int


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_an_error_arrives_whole_with_its_traceback(kind: type[OcrServerError]) -> None:
    error = kind("Too wide: 7.", width_px=7, setting="OCR_X", faults=[{"field": "a"}])

    result, copy = decode_answer(encode_answer(None, error, "line 3"), tasks.read_page)

    assert result is None
    assert type(copy) is kind
    assert copy.message == "Too wide: 7."
    assert copy.extra == error.extra
    assert copy.__notes__ == ["line 3"]


def test_a_fault_of_the_program_arrives_as_one() -> None:
    error = ZeroDivisionError("by nothing")

    _, told = decode_answer(encode_answer(None, error, "line 3"), tasks.read_page)

    assert isinstance(told, TaskFailed)
    assert str(told) == "ZeroDivisionError: by nothing"
    assert told.__notes__ == ["line 3"]


PAGE = two_pages().pages[0]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"nonsense",
        pickle.dumps((PageReading(PAGE), None)),
        encode_answer(7, None),
        encode_answer("a page", None),
        encode_answer({"page": msgspec.to_builtins(PAGE) | {"number": "one"}}, None),
        encode_answer({"page": msgspec.to_builtins(PAGE) | {"dpi": "<script>"}}, None),
        msgspec.msgpack.encode((PageReading(PAGE), None, "more")),
    ],
)
def test_what_is_not_an_answer_of_the_task_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="not an answer of read_page"):
        decode_answer(message, tasks.read_page)


def test_every_part_of_a_page_is_checked() -> None:
    raw = encode_answer(PageReading(PAGE), None).replace(b"\xa4text", b"\xa4next", 1)

    with pytest.raises(ValueError, match="zones"):
        decode_answer(raw, tasks.read_page)


def test_an_error_nobody_knows_is_a_fault_of_the_program() -> None:
    error = PageMissing("No page 7.")
    raw = encode_answer(None, error).replace(b"page-missing", b"page-of-mine")

    _, told = decode_answer(raw, test_tasks.raise_page_missing)

    assert isinstance(told, TaskFailed)


def test_messages_keep_their_bounds(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    for message in (b"first", b"", b"third"):
        send_message(one, message)

    received = [bytes(receive_message(other)) for _ in range(3)]

    assert received == [b"first", b"", b"third"]


def test_a_message_too_long_is_refused_before_it_is_received(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    one, other = pair
    one.send((2**40).to_bytes(8, "big"))

    with pytest.raises(OSError, match="1099511627776 bytes"):
        receive_message(other, most_bytes=1000)


def test_a_closed_socket_is_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.send(b"half")
    one.close()

    with pytest.raises(EOFError):
        receive_message(other)


def test_who_waits_is_asked_whether_to_go_on(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    other.settimeout(0.01)
    asked = []

    def go_on() -> None:
        asked.append(True)
        if len(asked) == 3:
            send_message(one, b"at last")

    assert bytes(receive_message(other, on_timeout=go_on)) == b"at last"
