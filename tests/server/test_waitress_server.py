from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from itertools import takewhile
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from ocr_server.server.request_parser import Pace
from ocr_server.server.waitress_server import Server, most_connections
from ocr_server.settings import Settings
from tests.drawing import as_file, draw_lines
from tests.serving import DOCUMENTS, Answer, FakeTesseract, RunningServer, Start, running_server
from tests.waiting import BOUND_S, is_alive, wait_for

PICTURE = as_file(draw_lines("Hello"))


@pytest.fixture(scope="module")
def module_narrow(
    tmp_path_factory: pytest.TempPathFactory, module_tesseract: FakeTesseract
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("narrow")
    with running_server(
        folder, PATH=module_tesseract.path, OCR_SLOTS=1, OCR_QUEUE_SIZE=1,
        OCR_MAX_BODY_BYTES=1_000_000, OCR_CORS_ORIGINS="https://app.example",
    ) as server:  # fmt: skip
        yield server


@pytest.fixture
def narrow(module_narrow: RunningServer, tesseract: FakeTesseract) -> RunningServer:
    """A server whose queue holds one request, and a body a megabyte; one origin may ask it."""
    del tesseract  # lets go of what a test held
    return module_narrow


@pytest.fixture
def threads(tesseract: FakeTesseract) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
        tesseract.let_go()  # else a failed test would wait for ever


class Held:
    """A request whose page Tesseract holds in its hands."""

    def __init__(
        self, server: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
    ) -> None:
        tesseract.hold()
        self.answer: Future[Answer] = threads.submit(server.read, PICTURE)
        self.pid = wait_for(lambda: tesseract.running)[0]


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post_head(*lines: str) -> bytes:
    return head("POST", DOCUMENTS, "Content-Type: application/octet-stream", *lines)


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def problem_in(answer: bytes) -> dict[str, object]:
    heading, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in heading.lower()
    problem: dict[str, object] = json.loads(body)
    assert heading.split()[1] == str(problem["status"]).encode()
    return problem


def test_a_picture_is_read(server: RunningServer) -> None:

    answer = server.read(PICTURE)

    assert answer.status == 200
    assert answer.json["text"] == "Hello"


def test_head_and_body_of_an_answer_come_together(server: RunningServer) -> None:
    request = head("POST", f"{DOCUMENTS}?format=text", "Content-Type: image/png",
                   f"Content-Length: {len(PICTURE)}") + PICTURE  # fmt: skip

    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.sendall(request)
        first_piece = client.recv(65536)

    assert first_piece.startswith(b"HTTP/1.1 200")
    assert first_piece.endswith(b"\r\n\r\nHello\n")


def test_an_answer_without_a_body_ends_with_its_head(server: RunningServer) -> None:

    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.sendall(head("HEAD", "/livez", "Connection: close"))
        answer = received(client)

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_nothing_stays_on_the_disk_after_the_answer(start: Start) -> None:
    server = start()
    server.read(PICTURE)
    server.read(b"not a picture")

    left = [path for path in server.scratch.rglob("*") if path.is_file()]

    assert [path.name for path in left] == ["lock"]


def test_sigterm_ends_the_server_with_0_and_an_empty_folder(start: Start) -> None:
    server = start()
    server.read(PICTURE)
    workers = server.workers()

    code = server.stop()

    assert code == 0
    assert list(server.scratch.iterdir()) == []
    assert workers
    wait_for(lambda: not any(map(is_alive, workers)))


def test_control_c_ends_the_server_with_0(start: Start) -> None:
    server = start()

    server.send_signal(signal.SIGINT)

    assert server.wait() == 0
    assert "Traceback" not in server.log


def test_sigterm_lets_what_is_inside_finish(
    start: Start, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    server = start()
    held = Held(server, tesseract, threads)

    server.send_signal(signal.SIGTERM)
    wait_for(lambda: "shutting down" in server.log)
    tesseract.let_go()

    assert held.answer.result(BOUND_S).json["text"] == "Hello"
    assert server.wait() == 0
    assert list(server.scratch.iterdir()) == []


def test_while_it_shuts_down_the_server_takes_nothing_more(
    start: Start, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    server = start()
    held = Held(server, tesseract, threads)
    with closing(server.connect()) as open_before:
        open_before.sendall(head("GET", "/livez"))
        alive = b""
        while not alive.endswith(b"}\n"):  # head and body may come apart
            alive += open_before.recv(65536)
        server.send_signal(signal.SIGTERM)
        wait_for(lambda: is_refused(server))

        open_before.sendall(
            post_head(f"Content-Length: {len(PICTURE)}", "Connection: close") + PICTURE
        )
        answer = received(open_before)

    assert problem_in(answer)["code"] == "draining"
    assert b"retry-after: 1\r\n" in answer.lower()
    tesseract.let_go()
    assert held.answer.result(BOUND_S).status == 200
    assert server.wait() == 0


def is_refused(server: RunningServer) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_half_sent_request_does_not_keep_the_server_from_ending(start: Start) -> None:
    server = start()
    with closing(server.connect()) as half:
        half.sendall(post_head("Content-Length: 1000") + b"half")
        server.get("/livez")

        assert server.stop() == 0


def test_a_killed_server_takes_its_workers_along_and_the_next_one_sweeps(start: Start) -> None:
    server = start()
    server.read(PICTURE)
    workers = server.workers()
    left = list(server.scratch.iterdir())

    server.kill()
    wait_for(lambda: not any(map(is_alive, workers)))
    assert list(server.scratch.iterdir()) == left
    successor = start()

    assert successor.read(PICTURE).status == 200
    assert not any(path.exists() for path in left)


def test_a_server_is_alive_whatever_else_it_does(
    server: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    Held(server, tesseract, threads)
    with ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(closing(server.connect()))
            if number % 2:  # the others say nothing at all
                connection.sendall(post_head("Content-Length: 1000000") + b"slowly")

        answers = [server.get("/livez") for _ in range(20)]

    assert {answer.status for answer in answers} == {200}
    tesseract.let_go()


def test_a_body_over_the_limit_is_refused_by_its_declared_length(
    narrow: RunningServer, tesseract: FakeTesseract
) -> None:
    with closing(narrow.connect()) as connection:
        connection.sendall(post_head("Content-Length: 10000000000"))

        problem = problem_in(received(connection))

    assert problem["status"] == 413
    assert problem["limit"] == 1_000_000
    assert "OCR_MAX_BODY_BYTES" in str(problem["detail"])
    assert tesseract.arguments == []


def test_who_asks_before_sending_too_much_is_told_so(narrow: RunningServer) -> None:
    with closing(narrow.connect()) as connection:
        connection.sendall(post_head("Content-Length: 2000000", "Expect: 100-continue"))

        assert problem_in(received(connection))["status"] == 413


@pytest.mark.parametrize(("origin", "may_read"), [("app", True), ("elsewhere", False)])
def test_a_script_of_a_named_origin_may_read_that_refusal(
    narrow: RunningServer, origin: str, may_read: bool
) -> None:
    with closing(narrow.connect()) as connection:
        connection.sendall(
            post_head("Content-Length: 2000000", f"Origin: https://{origin}.example")
        )

        answer = received(connection)

    assert problem_in(answer)["status"] == 413
    assert (b"Access-Control-Allow-Origin: https://app.example\r\n" in answer) is may_read


def test_an_endless_upload_is_refused_at_the_limit(
    narrow: RunningServer, tesseract: FakeTesseract
) -> None:
    chunk = b"10000\r\n" + b"\xff" * 0x10000 + b"\r\n"
    sent = 0
    with closing(narrow.connect()) as connection:
        connection.sendall(post_head("Transfer-Encoding: chunked"))
        connection.settimeout(0.05)
        answer = b""
        while not answer and sent < 2**30:
            try:
                connection.sendall(chunk)
                sent += len(chunk)
                answer = connection.recv(65536)
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break

    assert b"413" in answer
    assert sent < 20_000_000
    assert narrow.get("/livez").status == 200
    assert tesseract.arguments == []


def test_a_request_that_is_none_gets_a_problem(server: RunningServer) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(b"not http at all\r\n\r\n")

        problem = problem_in(received(connection))

    assert problem["status"] == 400


def test_one_request_too_many_is_told_when_to_come_back(
    narrow: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    held = Held(narrow, tesseract, threads)
    both = [threads.submit(narrow.read, PICTURE) for _ in range(2)]
    done, waiting = wait(both, return_when=FIRST_COMPLETED)
    refused = done.pop().result()

    tesseract.let_go()

    assert refused.status == 429
    assert refused.json["code"] == "queue-full"
    assert refused.json["setting"] == "OCR_QUEUE_SIZE"
    assert int(refused.headers["Retry-After"]) >= 1
    assert held.answer.result(BOUND_S).status == 200
    assert waiting.pop().result(BOUND_S).status == 200


def test_a_killed_tesseract_is_told_and_the_next_page_is_read(
    server: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    held = Held(server, tesseract, threads)

    os.kill(held.pid, signal.SIGKILL)

    answer = held.answer.result(BOUND_S)
    assert (answer.status, answer.json["code"]) == (503, "engine-failed")
    tesseract.let_go()
    assert server.read(PICTURE).status == 200


def test_the_page_of_a_killed_worker_is_read_again(
    server: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    held = Held(server, tesseract, threads)
    (worker,) = server.workers()

    os.kill(worker, signal.SIGKILL)
    tesseract.let_go()

    answer = held.answer.result(BOUND_S)
    assert (answer.status, answer.json["problems"]) == (200, [])
    assert server.workers() != [worker]


@pytest.mark.parametrize(
    ("settings", "query", "named"),
    [
        ({"OCR_PAGE_TIMEOUT_S": 3}, "", "OCR_PAGE_TIMEOUT_S"),  # the next page needs time as well
        ({"OCR_TIMEOUT_S": 3}, "", "OCR_TIMEOUT_S"),
        ({}, "?timeout_s=0.5", "timeout_s"),
    ],
)
def test_at_the_deadline_the_work_is_dead(
    settings: dict[str, float],
    query: str,
    named: str,
    start: Start,
    tesseract: FakeTesseract,
) -> None:
    server = start(**settings)
    tesseract.hold()

    answer = server.read(PICTURE, query)

    assert (answer.status, answer.json["code"]) == (504, "deadline-passed")
    assert answer.json["setting"] == named
    assert tesseract.is_idle
    tesseract.let_go()
    assert server.read(PICTURE).status == 200


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("manner", ["politely", "abruptly"])
def test_hanging_up_stops_the_work(
    manner: str, accept: str, server: RunningServer, tesseract: FakeTesseract
) -> None:
    said_before = len(server.log)
    tesseract.hold()
    with closing(server.connect()) as connection:
        connection.sendall(
            post_head(f"Content-Length: {len(PICTURE)}", f"Accept: {accept}") + PICTURE
        )
        (pid,) = wait_for(lambda: tesseract.running)
        if manner == "abruptly":  # a reset, not a farewell
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    wait_for(lambda: not is_alive(pid))
    tesseract.let_go()
    assert server.read(PICTURE).status == 200
    wait_for(lambda: "status=499" in server.log[said_before:] or accept.endswith("ndjson"))


def test_hanging_up_in_the_queue_frees_the_place(
    narrow: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    held = Held(narrow, tesseract, threads)
    with closing(narrow.connect()) as one, closing(narrow.connect()) as other:
        for connection in (one, other):
            connection.sendall(post_head(f"Content-Length: {len(PICTURE)}") + PICTURE)
        refused, _, _ = select.select([one, other], [], [], BOUND_S)
        assert len(refused) == 1  # the other one waits in the queue, and now goes away

    # With time for no page at all: it is refused, or has stood in the line.
    wait_for(lambda: narrow.read(PICTURE, "?timeout_s=0.1").status == 504)
    assert is_alive(held.pid)
    tesseract.let_go()
    assert held.answer.result(BOUND_S).status == 200


def test_events_arrive_while_the_page_is_being_read(
    server: RunningServer, tesseract: FakeTesseract
) -> None:
    tesseract.hold()
    with closing(server.connect()) as connection, connection.makefile("rb") as lines:
        connection.sendall(
            post_head(
                f"Content-Length: {len(PICTURE)}",
                "Accept: application/x-ndjson",
                "Connection: close",
            )
            + PICTURE
        )
        events = (json.loads(line)["event"] for line in lines if line.startswith(b"{"))
        while (event := next(events)) == "heartbeat":
            pass
        assert event == "accepted"
        told = [*takewhile(lambda event: event != "heartbeat", events)]
        assert set(told) == {"progress"}
        tesseract.let_go()
        rest = [event for event in events if event not in {"heartbeat", "progress"}]

    assert rest == ["page", "end"]


def test_a_page_is_kept_private_while_it_is_read(
    server: RunningServer, tesseract: FakeTesseract, threads: ThreadPoolExecutor
) -> None:
    held = Held(server, tesseract, threads)

    folders = [path for path in server.scratch.rglob("*") if path.is_dir()]

    assert folders
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}
    tesseract.let_go()
    held.answer.result(BOUND_S)


def test_a_large_upload_waits_in_the_private_folder(server: RunningServer) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(post_head("Content-Length: 2000000") + b"\xff" * 1_500_000)

        wait_for(lambda: biggest_open_file(server) >= 1_000_000)

    wait_for(lambda: biggest_open_file(server) < 1_000_000)


def test_an_upload_cut_off_by_the_end_is_closed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server, is_over = Server(Flask("none"), settings), threading.Event()
    turning = threading.Thread(target=server.run_until, args=(is_over.is_set,))
    turning.start()
    with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
        connection.sendall(post_head("Content-Length: 2000000") + b"\xff" * 1_500_000)
        wait_for(lambda: biggest_file_of(os.getpid(), tmp_path) >= 1_000_000)
        gc.disable()  # nothing is closed but by hand
        is_over.set()
        turning.join()
        server.close()

        left = biggest_file_of(os.getpid(), tmp_path)
        gc.enable()

    assert left == 0


def test_who_does_not_take_the_answer_is_let_go(settings: Settings) -> None:
    app = Flask("much")
    app.add_url_rule("/", view_func=lambda: b"x" * 20_000_000)
    server = Server(app, settings, pace=Pace(idle_s=0.2))
    end = time.monotonic() + BOUND_S
    with (
        closing(server),
        closing(socket.create_connection(("127.0.0.1", server.port))) as stalled,
    ):
        stalled.sendall(head("GET", "/"))
        server.run_until(lambda: server.has_connections or time.monotonic() > end)
        begun = time.monotonic()
        server.run_until(lambda: not server.has_connections or time.monotonic() > end)

        assert not server.has_connections
        assert time.monotonic() - begun >= 0.2


def test_an_answer_for_which_there_is_no_room_ends_its_connection(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def newfile(_buffer: object) -> object:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("waitress.buffers.TempfileBasedBuffer.newfile", newfile)
    app = Flask("much")
    app.add_url_rule("/", view_func=lambda: b"x" * 20_000_000)
    server = Server(app, settings)
    end = time.monotonic() + BOUND_S
    with (
        closing(server),
        closing(socket.create_connection(("127.0.0.1", server.port), BOUND_S)) as client,
        ThreadPoolExecutor() as threads,
    ):
        client.sendall(head("GET", "/"))
        answer = threads.submit(received, client)

        server.run_until(lambda: answer.done() or time.monotonic() > end)

        assert answer.done()
        assert not server.has_connections


@pytest.mark.parametrize(
    ("files", "each", "most"), [(8192, 2, 1000), (1024, 2, 462), (1024, 4, 231), (40, 2, 1)]
)
def test_as_many_connections_as_there_may_be_files(files: int, each: int, most: int) -> None:
    assert most_connections(files, each=each) == most


def biggest_open_file(server: RunningServer) -> int:
    """Bytes of the largest file in the private folder that the server holds open."""
    return biggest_file_of(server.pid, server.scratch)


def biggest_file_of(pid: int, folder: Path) -> int:
    sizes = [0]
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(folder) in str(link.readlink()):
                sizes.append(link.stat().st_size)
        except OSError:
            continue
    return max(sizes)


def test_no_request_makes_the_server_s_memory_grow(server: RunningServer) -> None:
    half_a_megabyte = as_file(Image.new("L", (1000, 500), 255), "BMP")
    for _ in range(10):
        server.read(half_a_megabyte)
    before = resident_bytes(server)
    for _ in range(40):
        server.read(half_a_megabyte)

    # 40 requests that each kept their picture would be 20 MB; the interpreter's own play is less.
    assert resident_bytes(server) - before < 10_000_000


def resident_bytes(server: RunningServer) -> int:
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
