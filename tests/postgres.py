"""A PostgreSQL of its own for tests, in a temporary folder, reached through a socket there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.waiting import wait_for

USER = "postgres"  # it refuses to run as root
# Nothing of it has to outlast the machine.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def find_postgres() -> Path | None:
    """The folder of its programs, which Debian keeps off the search path."""
    program = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(program).resolve().parent if program else found[-1].parent if found else None


class Postgres:
    """A server with an empty database; `kill` is as sudden as the end of its machine."""

    def __init__(self, folder: Path) -> None:
        programs = find_postgres()
        assert programs is not None
        self._programs, self._folder = programs, folder
        self._user = USER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", "data", "-A", "trust", "-U", USER, "--no-sync")
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self._folder}"

    def start(self) -> None:
        here = ["-D", "data", "-h", "", "-k", str(self._folder)]
        settings = [word for one in FAST for word in ("-c", one)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # ours
                [self._programs / "postgres", *here, *settings],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user=self._user,
            )  # fmt: skip
        wait_for(self._answers)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def empty(self) -> None:
        """Drop everything in the database."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
            connection.execute("DROP TABLE IF EXISTS ocr_jobs")

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603  # ours
            [self._programs / name, *arguments], cwd=self._folder, check=True,
            capture_output=True, user=self._user,
        )  # fmt: skip

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            psycopg.connect(self.address).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server that is gone at the end; its socket needs a short path that its user can enter."""
    with tempfile.TemporaryDirectory(prefix="ocr-postgres-", ignore_cleanup_errors=True) as name:
        server = Postgres(Path(name))
        try:
            yield server
        finally:
            server.stop()
