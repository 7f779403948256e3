"""Odd requests: many by `scripts/fuzz` with a fake engine, some by a test with the real one."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as how
from werkzeug.test import TestResponse

from ocr_server.app import create_app
from ocr_server.settings import ADAPTER_NAMES, Settings
from ocr_server.web.context import service_of
from tests.fakes import InlineWorkers, ReadsWords
from tests.odd_requests import Request, requests

MOST_SECONDS = 20.0  # for a small page and all that may be asked of it, on a busy machine
MEMORY_BYTES = 2 * 2**30


@dataclass
class Judge:
    """Sends requests and sees to it that each answer is one that was meant."""

    client: FlaskClient
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)

    def try_one(self, request: Request) -> None:
        faulthandler.dump_traceback_later(3 * MOST_SECONDS, exit=True)
        begun = time.monotonic()
        answer = self.client.open(request.path, method=request.method, **request.sent)
        body = answer.get_data()
        answer.close()
        took_s = time.monotonic() - begun
        faulthandler.cancel_dump_traceback_later()

        self.seen[request.path, answer.status_code] += 1
        assert took_s < MOST_SECONDS, f"{took_s:.1f} s"
        assert b"Traceback" not in body, body
        assert b"internal-error" not in body, body
        assert answer.status_code < 500 or is_meant(request, answer), body


def is_meant(request: Request, answer: TestResponse) -> bool:
    """Whether a 5xx is one that the API or the adapter tells of."""
    if answer.status_code == 504:
        return "timeout_s" in str(request.sent)
    # One adapter's status for whatever it cannot read.
    return (request.path, answer.status_code) == ("/base64", 500)


def try_many(try_one: Callable[[Request], None], number: int, *, random: int = 0) -> None:
    """Try that many requests; another `random`, other requests."""

    @seed(random)
    @how(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(request=requests())
    def one(request: Request) -> None:
        try_one(request)

    one()


def fuzz_settings(folder: Path) -> Settings:
    """Of a server with every route, small limits and its pictures in a folder of its own."""
    return Settings(
        slots=1, temp_dir=str(folder), compat=ADAPTER_NAMES, max_pixels=1_000_000, max_pages=10,
        page_timeout_s=10, timeout_s=15, max_body_bytes=2**20,
    )  # fmt: skip


def open_files() -> list[str]:
    """What this process holds open."""
    gc.collect()
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them
            found.append(str(link.readlink()))
    return sorted(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Try many requests with an engine that always reads the same."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many requests")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="which ones")
    asked = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    with tempfile.TemporaryDirectory() as name:
        app = create_app(fuzz_settings(Path(name)), InlineWorkers(ReadsWords("Hello", "<&>")))
        judge = Judge(app.test_client())
        begun = time.monotonic()
        try_many(judge.try_one, asked.inputs, random=asked.seed)
        left = [path for path in Path(name).rglob("*") if path.is_file() and path.name != "lock"]
        assert not left, f"{len(left)} files are left"
        service_of(app).close()
    for (path, status), number in sorted(judge.seen.items()):
        print(f"{number:7}  {status}  {path}")  # noqa: T201  # a program
    took_s = time.monotonic() - begun
    print(f"{asked.inputs} requests in {took_s:.0f} s, --seed {asked.seed}")  # noqa: T201


if __name__ == "__main__":
    main()
