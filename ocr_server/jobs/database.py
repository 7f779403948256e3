"""The database of durable jobs: SQLite in a folder, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ocr_server.errors import SettingsError

LEAST_SQLITE = (3, 42)
LOCKED_S = 30  # in which another process must have written to SQLite


def is_postgres(address: str) -> bool:
    """Whether jobs are kept in PostgreSQL."""
    return address.startswith(("postgres://", "postgresql://"))


def without_password(address: str) -> str:
    """The address as it may be told."""
    return address.rpartition("@")[2] if is_postgres(address) else repr(address)


def open_database(address: str) -> Engine:
    """The database of the setting `jobs`: a folder, or the address of PostgreSQL.

    Raises:
        OSError: the folder cannot be made.
        SettingsError: the SQLite of this machine is too old for jobs in a folder.
    """
    if is_postgres(address):
        url = address.replace("postgres://", "postgresql://", 1)
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return sa.create_engine(url, pool_pre_ping=True)
    # DBOS asks SQLite for milliseconds with these versions of Python.
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < LEAST_SQLITE:
        raise SettingsError(
            f"Jobs in a folder need SQLite {'.'.join(map(str, LEAST_SQLITE))} or newer; "
            f"here is {sqlite3.sqlite_version}. Set OCR_JOBS to a PostgreSQL database."
        )
    folder = Path(address)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "jobs.sqlite"
    file.touch(mode=0o600)
    return sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": LOCKED_S})
