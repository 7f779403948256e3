"""Who takes part: the `tesseract` command, this server with each engine, and the rival."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from benchmarks.pictures import Picture
from benchmarks.servers import Server, our_server, post, rival_server

ENGINES = ("pytesseract", "tesserocr", "auto")
COMMAND, COMMAND_AS_IT_COMES = "tesseract", "tesseract as it comes"


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who reads; `read` gives the text, `cpu_s` the processor seconds used so far."""

    name: str
    read: Callable[[Picture], str]
    cpu_s: Callable[[], float]


@dataclass(slots=True)
class Result:
    """What one contestant took for pictures of one kind."""

    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    @property
    def median_s(self) -> float:
        """The usual time."""
        return statistics.median(self.seconds)

    @property
    def error_rate(self) -> float | None:
        """Characters misread, where it is known what stands there."""
        return statistics.mean(self.errors) if self.errors else None


@contextmanager
def contestants() -> Iterator[list[Contestant]]:
    """All who read single pictures, the servers started, for the length of a with-block."""
    with ExitStack() as stack:
        servers = [stack.enter_context(our_server(name)) for name in ENGINES]
        yield [
            command(COMMAND, {"OMP_THREAD_LIMIT": "1"}),
            command(COMMAND_AS_IT_COMES, {}),
            *(client_of(server) for server in servers),
        ]


@contextmanager
def all_servers() -> Iterator[list[Server]]:
    """The servers that are put under load, for the length of a with-block."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(rival_server(limited=True)),
            stack.enter_context(rival_server(limited=False)),
            *(stack.enter_context(our_server(name)) for name in ENGINES),
        ]


def command(name: str, settings: Mapping[str, str]) -> Contestant:
    """The `tesseract` command on a file, its text on the standard output."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_THREAD_LIMIT"}

    def read(picture: Picture) -> str:
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(picture.data)
            done = subprocess.run(  # noqa: S603
                ["tesseract", file.name, "-", "-l", "eng"],  # noqa: S607  # as people have it
                env={**environment, **settings}, capture_output=True, check=True,
            )  # fmt: skip
        return done.stdout.decode()

    def cpu_s() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    return Contestant(name, read, cpu_s)


def client_of(server: Server) -> Contestant:
    """A client of a server, over one connection, or another where its turn came late."""
    connection = server.connect()

    def read(picture: Picture) -> str:
        try:
            answer = post(connection, server.path, picture.data, format="text")
        except ConnectionError:  # the server closes what is idle
            connection.close()
            answer = post(connection, server.path, picture.data, format="text")
        if answer.status != 200:
            raise SystemExit(f"{server.name} answered {answer.status}: {answer.body[:300]!r}")
        return answer.body.decode()

    return Contestant(server.name, read, server.cpu_s)


def compete(
    contestants: Sequence[Contestant], pictures: Sequence[Picture], *, rounds: int
) -> dict[str, Result]:
    """Every contestant reads every picture, turn by turn, so that all see the same machine."""
    results = {one.name: Result() for one in contestants}
    for one in contestants:
        one.read(pictures[0])  # nobody is measured cold
    for _ in range(rounds):
        for picture in pictures:
            for one in contestants:
                used, begun = one.cpu_s(), time.monotonic()
                text = one.read(picture)
                result = results[one.name]
                result.seconds.append(time.monotonic() - begun)
                result.cpu_s.append(one.cpu_s() - used)
                if picture.truth is not None:
                    result.errors.append(error_rate(text, picture.truth))
    return results


def error_rate(text: str, truth: str) -> float:
    """Edits over the length of the longer text, at most 1; white space is folded."""
    return float(Levenshtein.normalized_distance(" ".join(text.split()), " ".join(truth.split())))
