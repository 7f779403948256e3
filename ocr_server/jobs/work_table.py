"""What the engine has to do: its table, asked in one prepared statement each.

DBOS's own lists take five to ten times the processor time, and these are asked every second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from dbos._schemas.system_database import SystemSchema
from sqlalchemy.engine import Engine

_work = SystemSchema.workflow_status.c
_begun = sa.select(
    _work.workflow_uuid.label("work_id"),
    _work.executor_id.label("owner"),
    _work.queue_name.label("queue"),
).where(_work.status == "PENDING", _work.queue_name.is_not(None))
_begun_by = _begun.where(_work.executor_id == sa.bindparam("owner"))
_left = sa.select(
    _work.workflow_uuid.label("work_id"), _work.status, _work.application_version.label("version")
).where(_work.status.in_(("ENQUEUED", "PENDING", "DELAYED")))
_known = sa.select(_work.workflow_uuid).where(
    _work.workflow_uuid.in_(sa.bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Begun:
    """Work that was begun and has not ended, by the process with the name `owner`."""

    work_id: str
    owner: str
    queue: str


class WorkTable:
    """The table of all work in the engine's database, of workflows of a version for its queues."""

    def __init__(self, database: Engine, version: str, queues: Iterable[str]) -> None:
        self._database, self._version = database, version
        self._waiting = sa.select(*(_least_priority(name, version) for name in queues))

    def waiting(self) -> dict[str, int]:
        """The least priority of what waits, by queue; without queues in which nothing does."""
        (found,) = self._rows(self._waiting)
        return {queue: least for queue, least in found.items() if least is not None}

    def begun(self) -> list[Begun]:
        """What was begun and has not ended, by any process."""
        return [Begun(**row) for row in self._rows(_begun)]

    def begun_by(self, owner: str) -> list[Begun]:
        """What a process has begun and not ended."""
        return [Begun(**row) for row in self._rows(_begun_by, {"owner": owner})]

    def knows(self, work_ids: Iterable[str]) -> bool:
        """Whether some of this was ever enqueued."""
        return bool(self._rows(_known, {"ids": list(work_ids)}))

    def left(self) -> dict[str, bool]:
        """Of what has not ended: whether it is begun, or waits for processes of this version."""
        return {
            row["work_id"]: row["status"] == "PENDING" or row["version"] == self._version
            for row in self._rows(_left)
        }

    # Of the types of the columns.
    def _rows(self, asked: sa.Executable, values: Mapping[str, Any] | None = None) -> list[Any]:
        with self._database.connect() as connection:
            return list(connection.execute(asked, values).mappings())


def _least_priority(queue: str, version: str) -> sa.Label[int]:
    """The priority of what is next in a queue, by the index that DBOS has for it."""
    next_one = (
        sa.select(sa.func.coalesce(_work.priority, 0))
        .where(_work.status == "ENQUEUED", _work.queue_name == queue)
        .where(_work.application_version == version)
        .order_by(_work.priority)
        .limit(1)
    )
    return next_one.scalar_subquery().label(queue)
