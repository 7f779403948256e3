"""The ledger of durable jobs: a row for each job, in the database of the engine.

A row has ids, numbers and times, nothing of what was sent or read. It outlasts the files of its job
by a day, so that a job that is gone is told from one that never was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.engine import Connection, Engine, RowMapping
from sqlalchemy.exc import OperationalError, ProgrammingError

from ocr_server.errors import JobsUnavailable

UPLOAD_S = 86_400.0  # in which the file of a job must come
GONE_S = 86_400.0  # for how long the id of a forgotten job is known


class JobState(StrEnum):
    """How far a job is."""

    UPLOADING = "uploading"  # its file is not whole
    QUEUED = "queued"  # no page was begun
    READING = "reading"
    DONE = "done"  # all pages were read, or could not be
    FAILED = "failed"  # no page could be read
    GONE = "gone"  # forgotten


ENDED = (JobState.DONE, JobState.FAILED)

_metadata = sa.MetaData()
_jobs = sa.Table(
    "ocr_jobs",
    _metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("idempotency", sa.String(64)),
    sa.Column("body", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("settled", sa.Integer, nullable=False, server_default="0"),  # noted now and then
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("created_s", sa.Double, nullable=False),
    sa.Column("ended_s", sa.Double),
    sa.Column("keep_s", sa.Double, nullable=False),
    sa.Column("webhook", sa.Text),
    sa.UniqueConstraint("owner", "idempotency"),
)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job; times are seconds since 1970.

    `owner` is the digest of the API key that made it, empty without keys; `idempotency` and `body`
    are digests of the Idempotency-Key and, where there is one, of what was sent. `keep_s` counts
    from the end.
    """

    id: str
    owner: str
    idempotency: str | None
    body: str
    state: JobState
    pages: int
    size_bytes: int
    created_s: float
    ended_s: float | None
    keep_s: float
    webhook: str | None

    @property
    def expires_s(self) -> float | None:
        """When its files are removed; None as long as it has not ended."""
        return None if self.ended_s is None else self.ended_s + self.keep_s


@dataclass(frozen=True, slots=True)
class Left:
    """What all jobs that have not ended have left to do; `oldest_s` is the age of the oldest."""

    pages: int
    size_bytes: int
    oldest_s: float


class Ledger:
    """The rows of all jobs; all methods raise JobsUnavailable if the database does not answer."""

    def __init__(self, database: Engine) -> None:
        """Create the table, and columns that are newer, if they are not there."""
        self._database = database
        _metadata.create_all(database)
        if "settled" not in {one["name"] for one in sa.inspect(database).get_columns("ocr_jobs")}:
            # Another process may add it at the same time.
            with suppress(ProgrammingError, OperationalError), database.begin() as connection:
                connection.execute(
                    sa.text("ALTER TABLE ocr_jobs ADD COLUMN settled INTEGER NOT NULL DEFAULT 0")
                )

    def add(self, row: JobRow, enqueue: Callable[[Connection], None]) -> None:
        """Add a row and enqueue its work, in one transaction.

        Raises:
            sqlalchemy.exc.IntegrityError: the owner used the idempotency key before.
        """
        with self._begun() as connection:
            connection.execute(_jobs.insert().values(asdict(row)))
            enqueue(connection)

    def of(self, job_id: str) -> JobRow | None:
        """The row of a job."""
        return self._one(_jobs.c.id == job_id)

    def by_key(self, owner: str, idempotency: str) -> JobRow | None:
        """The job that an owner made with an idempotency key."""
        return self._one(sa.and_(_jobs.c.owner == owner, _jobs.c.idempotency == idempotency))

    def position(self, row: JobRow) -> int | None:
        """How many jobs that came before it have not ended; None if it has."""
        if row.ended_s is not None:
            return None
        earlier = sa.and_(_jobs.c.ended_s.is_(None), _jobs.c.created_s < row.created_s)
        with self._begun() as connection:
            counted = sa.select(sa.func.count()).select_from(_jobs).where(earlier)
            return int(connection.execute(counted).scalar_one())

    def left(self) -> Left:
        """What there is to do."""
        totals = sa.select(
            sa.func.sum(_jobs.c.pages - _jobs.c.settled),
            sa.func.sum(_jobs.c.size_bytes),
            sa.func.min(_jobs.c.created_s),
        ).where(_jobs.c.ended_s.is_(None))
        with self._begun() as connection:
            pages, size_bytes, created_s = connection.execute(totals).one()
        oldest_s = 0.0 if created_s is None else time.time() - created_s
        return Left(int(pages or 0), int(size_bytes or 0), oldest_s)

    def states(self) -> dict[JobState, int]:
        """How many jobs there are in each state."""
        counted = sa.select(_jobs.c.state, sa.func.count()).group_by(_jobs.c.state)
        with self._begun() as connection:
            return {JobState(state): count for state, count in connection.execute(counted)}

    def open_ids(self) -> list[str]:
        """The jobs that are read or wait for it."""
        chosen = sa.select(_jobs.c.id).where(
            _jobs.c.state.in_((JobState.QUEUED, JobState.READING)), _jobs.c.ended_s.is_(None)
        )
        with self._begun() as connection:
            return list(connection.execute(chosen).scalars())

    def note(self, job_id: str, *, settled: int) -> None:
        """Note that a job is being read, and how many of its pages were read or failed so far."""
        is_open = sa.and_(_jobs.c.id == job_id, _jobs.c.ended_s.is_(None))
        self._update(is_open, state=JobState.READING, settled=settled)

    def complete(self, job_id: str, *, pages: int, enqueue: Callable[[Connection], None]) -> None:
        """Note that the file of a job is whole, and enqueue its work, unless that was done."""
        is_uploading = sa.and_(_jobs.c.id == job_id, _jobs.c.state == JobState.UPLOADING)
        queued = _jobs.update().where(is_uploading).values(state=JobState.QUEUED, pages=pages)
        with self._begun() as connection:
            if connection.execute(queued).rowcount:
                enqueue(connection)

    def end(self, job_id: str, state: JobState) -> None:
        """Note how a job ended, unless it has ended."""
        is_open = sa.and_(_jobs.c.id == job_id, _jobs.c.ended_s.is_(None))
        self._update(is_open, state=state, ended_s=time.time())

    def mark_gone(self, job_id: str) -> None:
        """Note that the files of a job were removed."""
        now_s = time.time()
        self._update(_jobs.c.id == job_id, state=JobState.GONE, ended_s=now_s, webhook=None)

    def expired(self, *, longest_s: float) -> list[str]:
        """Jobs whose files are to be removed.

        Those that were kept long enough, have not ended after `longest_s`, or whose file is not
        whole after `UPLOAD_S`.
        """
        now_s = time.time()
        is_over = sa.or_(
            _jobs.c.ended_s + _jobs.c.keep_s < now_s,
            sa.and_(_jobs.c.ended_s.is_(None), _jobs.c.created_s < now_s - longest_s),
            sa.and_(_jobs.c.state == JobState.UPLOADING, _jobs.c.created_s < now_s - UPLOAD_S),
        )
        chosen = sa.select(_jobs.c.id).where(_jobs.c.state != JobState.GONE, is_over)
        with self._begun() as connection:
            return list(connection.execute(chosen).scalars())

    def drop_gone(self) -> None:
        """Remove the rows of jobs that were forgotten a day ago."""
        old = sa.and_(_jobs.c.state == JobState.GONE, _jobs.c.ended_s < time.time() - GONE_S)
        with self._begun() as connection:
            connection.execute(_jobs.delete().where(old))

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """A transaction.

        Raises:
            JobsUnavailable: the database does not answer.
        """
        with answering(), self._database.begin() as connection:
            yield connection

    def _one(self, condition: sa.ColumnElement[bool]) -> JobRow | None:
        with self._begun() as connection:
            found = connection.execute(_jobs.select().where(condition)).mappings().one_or_none()
        return _row_of(found) if found else None

    def _update(self, condition: sa.ColumnElement[bool], **values: object) -> None:
        with self._begun() as connection:
            connection.execute(_jobs.update().where(condition).values(values))


class LedgerMetrics(Collector):
    """Gauges that are read at the moment of collection: jobs by state, and what waits."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """Those of all jobs; none while the database does not answer."""
        try:
            states, left = self._ledger.states(), self._ledger.left()
        except JobsUnavailable:
            return
        by_state = GaugeMetricFamily("ocr_jobs", "Jobs by state", labels=["state"])
        for state in JobState:
            by_state.add_metric([state], states.get(state, 0))
        yield by_state
        yield GaugeMetricFamily("ocr_jobs_pages", "Pages of jobs that are left to read", left.pages)
        yield GaugeMetricFamily(
            "ocr_jobs_bytes", "Bytes of jobs that have not ended", left.size_bytes
        )
        yield GaugeMetricFamily(
            "ocr_jobs_oldest_seconds", "Since the oldest job came that has not ended", left.oldest_s
        )


@contextmanager
def answering() -> Iterator[None]:
    """Translate what the database says.

    Raises:
        JobsUnavailable: it does not answer.
    """
    try:
        yield
    except OperationalError as error:
        raise JobsUnavailable(
            "The database of the jobs does not answer. Try again later.", setting="OCR_JOBS"
        ) from error


def _row_of(found: RowMapping) -> JobRow:
    # Of the types of the columns.
    values: dict[str, Any] = {field.name: found[field.name] for field in fields(JobRow)}
    return JobRow(**{**values, "state": JobState(values["state"])})
