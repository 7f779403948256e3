"""Whether a server stays whole: hours of what goes wrong in machines, in a few minutes.

    python -m benchmarks.faults [--seconds 240]

Clients read pictures, and many hang up. Meanwhile the private folder is removed every few seconds,
the disk is full for a while, the fork server and workers are killed or stopped, and the clock jumps
by an hour. In the end everything has to be as before: memory, open files, slots, no files left, and
no answer but those that are meant. The disk is full as no file can grow, and it is Python's clock
that jumps, so that nothing outside the server notices.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.pictures import draw
from benchmarks.servers import Server, memory_bytes, our_server, post

MIB = 1024 * 1024
SLOTS, CLIENTS = 2, 4
READS_EACH = 10  # by each slot, before its memory is looked at
ROUND_S = 20.0
SETTLE_S = 120.0
FULL_S, STOPPED_S = 5.0, 3.0
LEFT_S = 60.0  # longer than any file of a request is needed
MEANT = {200, 503, 504}  # whatever happens; 500 is a fault of the program
MOST_GROWTH = 1.25  # of memory
SPARE_FILES = 4
SETTINGS = {"OCR_SLOTS": str(SLOTS), "OCR_WATCHDOG_S": "2", "OCR_PAGE_TIMEOUT_S": "30"}
# Runs the server with a clock that is as many seconds ahead as a file says.
WITH_CLOCK = """
import pathlib, runpy, sys, time
ahead, real = pathlib.Path(sys.argv.pop(1)), time.time
time.time = lambda: real() + float(ahead.read_text() or 0)
sys.argv[0] = "ocr_server"
runpy.run_module("ocr_server", run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class State:
    """What a server holds when nothing is asked of it."""

    memory_bytes: int
    server_bytes: int
    open_files: int
    slots_alive: int
    files_left: int
    is_ready: bool


def look_at(server: Server) -> State:
    """The state now."""
    lines = re.findall(r"^(\w+) (\S+)$", _get(server, "/metrics")[1].decode(), re.MULTILINE)
    numbers = {name: round(float(number)) for name, number in lines}
    return State(
        memory_bytes=sum(map(memory_bytes, _processes(server))),
        server_bytes=memory_bytes(server.process),
        open_files=numbers["process_open_fds"],
        slots_alive=numbers["ocr_slots_alive"],
        files_left=_count_left(server),
        is_ready=_get(server, "/readyz")[0] == 200,
    )


def faults_of(
    before: State, after: State, statuses: Counter[int], *, meant: Set[int] = MEANT
) -> list[str]:
    """What is not as it was, in words; none if all is well."""
    faults = {
        "memory has grown": after.memory_bytes > MOST_GROWTH * before.memory_bytes,
        "memory of the server has grown": after.server_bytes > MOST_GROWTH * before.server_bytes,
        "files stay open": after.open_files > before.open_files + SPARE_FILES,
        "slots are missing": after.slots_alive < before.slots_alive,
        "files are left": after.files_left > 0,
        "it is not ready": not after.is_ready,
        "answers are not those that are meant": bool(set(statuses) - meant),
        "nothing was read": not statuses[200],
    }
    return [fault for fault, is_so in faults.items() if is_so]


class Troublemaker:
    """Does to a server what machines, clean-ups and clients do."""

    def __init__(self, server: Server, clock: Path, chance: random.Random) -> None:
        self._server, self._clock, self._chance = server, clock, chance
        self.faults: tuple[Callable[[], None], ...] = (
            self.tidy, self.kill_worker, self.tidy, self.kill_fork_server, self.fill_disk,
            self.stop_fork_server, self.set_clock, self.kill_all,
        )  # fmt: skip

    def tidy(self) -> None:
        """Remove everything from the temporary folder, as `rm -r` does."""
        for folder in self._server.folder.iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def kill_worker(self) -> None:
        """Kill one worker process."""
        self._kill(self._workers()[:1])

    def kill_fork_server(self) -> None:
        """Kill the fork server, and a worker, which needs a new one."""
        self._kill([*self._workers()[:1], *self._server.process.children()])

    def kill_all(self) -> None:
        """Kill every process but the server itself."""
        self._kill(_processes(self._server, but_itself=True))

    def stop_fork_server(self) -> None:
        """Stop the fork server for a while, and kill a worker."""
        for process in self._server.process.children():
            process.suspend()
            self.kill_worker()
            time.sleep(STOPPED_S)
            with suppress(psutil.NoSuchProcess):  # replaced
                process.resume()

    def fill_disk(self) -> None:
        """Let no process make a file longer than a few bytes, for a while."""
        for most_bytes in (10, -1):
            for process in _processes(self._server):
                with suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_FSIZE, (most_bytes, -1))
            time.sleep(FULL_S if most_bytes > 0 else 0)

    def set_clock(self) -> None:
        """Set the clock an hour ahead, an hour back, or right."""
        self._clock.write_text(self._chance.choice(("3600", "-3600", "0")))

    def _workers(self) -> list[psutil.Process]:
        found = []
        for process in _processes(self._server, but_itself=True):
            with suppress(ProcessLookupError):
                if os.getpgid(process.pid) == process.pid:
                    found.append(process)
        return found

    @staticmethod
    def _kill(processes: Sequence[psutil.Process]) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)


class Clients:
    """Threads that read pictures until they are told to end; every third request is dropped."""

    def __init__(self, server: Server) -> None:
        self._server, self._done = server, threading.Event()
        self._pictures = (draw("crop").data, draw("frame").data)
        self.statuses: Counter[int] = Counter()
        self.dropped = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait until the last answers are there."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # drawn, not secret
        while not self._done.is_set():
            picture = chance.choice(self._pictures)
            if chance.random() < 1 / 3:
                self._drop(picture, whole=chance.random() < 0.5, after_s=chance.uniform(0, 0.3))
                continue
            status = 0  # no answer is none that is meant
            failures = suppress(OSError, http.client.HTTPException)
            with closing(self._server.connect()) as connection, failures:
                status = post(connection, self._server.path, picture).status
            with self._lock:
                self.statuses[status] += 1

    def _drop(self, picture: bytes, *, whole: bool, after_s: float) -> None:
        with closing(self._server.connect()) as connection, suppress(OSError):
            connection.putrequest("POST", self._server.path)
            connection.putheader("Content-Type", "image/png")
            connection.putheader("Content-Length", str(len(picture)))
            connection.endheaders()
            connection.send(picture if whole else picture[: len(picture) // 2])
            time.sleep(after_s)
        with self._lock:
            self.dropped += 1


def endure(seconds: float) -> tuple[State, State, Clients]:
    """Start a server, make trouble for so long, and let it settle; its states before and after."""
    chance = random.Random(1)  # noqa: S311  # drawn, not secret
    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder) / "clock"
        clock.write_text("0")
        start = [sys.executable, "-c", WITH_CLOCK, str(clock)]
        with our_server("pytesseract", start=start, **SETTINGS) as server:
            settle(server)
            before = look_at(server)
            clients = Clients(server)
            trouble = Troublemaker(server, clock, chance)
            ends = time.monotonic() + seconds
            pause_s = min(ROUND_S, seconds) / len(trouble.faults)
            while time.monotonic() < ends:
                for cause in trouble.faults:
                    time.sleep(pause_s)
                    cause()
            clock.write_text("0")
            clients.end()
            settle(server)
            return before, look_at(server), clients


def main(arguments: Sequence[str] | None = None) -> int:
    """Endure, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description="Whether a server stays whole.")
    parser.add_argument("--seconds", type=float, default=240)
    asked = parser.parse_args(arguments)
    before, after, clients = endure(asked.seconds)
    for name, one, other in (
        ("memory, MiB", before.memory_bytes // MIB, after.memory_bytes // MIB),
        ("of the server, MiB", before.server_bytes // MIB, after.server_bytes // MIB),
        ("open files", before.open_files, after.open_files),
        ("slots with a process", before.slots_alive, after.slots_alive),
        ("files left", before.files_left, after.files_left),
        ("ready", before.is_ready, after.is_ready),
    ):
        print(f"{name:22} {one!s:>6} before {other!s:>6} after")
    answers = ", ".join(f"{count} × {status}" for status, count in clients.statuses.most_common())
    print(f"{answers}; {clients.dropped} requests dropped.")
    faults = faults_of(before, after, clients.statuses)
    print("\n".join(faults) or "All is as it was.")
    return 1 if faults else 0


def _processes(server: Server, *, but_itself: bool = False) -> list[psutil.Process]:
    """The server and all that it started, also workers whose fork server is gone."""
    found = [] if but_itself else [server.process]
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):
            if process != server.process and os.getsid(process.pid) == server.process.pid:
                found.append(process)
    return found


def settle(server: Server) -> None:
    """Wait until every slot reads again, and has read a few pictures, all slots at once."""
    picture, ends = draw("frame").data, time.monotonic() + SETTLE_S

    def read_some(_number: int) -> None:
        reads = 0
        while reads < READS_EACH and time.monotonic() < ends:
            if _get(server, "/readyz")[0] != 200:
                time.sleep(0.2)
                continue
            with closing(server.connect()) as connection:
                reads += post(connection, server.path, picture).status == 200

    with ThreadPoolExecutor(SLOTS) as threads:
        list(threads.map(read_some, range(SLOTS)))


def _count_left(server: Server) -> int:
    """Files of requests that stay; those of the built-in picture, which may be read now, do not."""
    left = set(server.left_behind())
    ends = time.monotonic() + LEFT_S
    while left and time.monotonic() < ends:
        time.sleep(0.2)
        left &= set(server.left_behind())
    return len(left)


def _get(server: Server, path: str) -> tuple[int, bytes]:
    with closing(server.connect()) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


if __name__ == "__main__":
    raise SystemExit(main())
