"""What the engine has to do: its table, asked in statements that are made once.

The engine's own lists take five to ten times the processor time, and these are asked every second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine


@dataclass(frozen=True, slots=True)
class Begun:
    """Work that was begun and has not ended, by the process with the name `owner`."""

    work_id: str
    owner: str
    queue: str


class WorkTable:
    """The table of all work, as processes of a version see it in their queues."""

    def __init__(
        self, database: Engine, table: sa.Table, *, version: str, queues: Iterable[str]
    ) -> None:
        self._database, self._version = database, version
        work = table.c
        work_id = work.workflow_uuid.label("work_id")
        self._begun = sa.select(
            work_id, work.executor_id.label("owner"), work.queue_name.label("queue")
        ).where(work.status == "PENDING", work.queue_name.is_not(None))
        self._begun_by = self._begun.where(work.executor_id == sa.bindparam("owner"))
        self._left = sa.select(
            work_id, work.status, work.application_version.label("version")
        ).where(work.status.in_(("ENQUEUED", "PENDING", "DELAYED")))
        self._known = sa.select(work_id).where(
            work.workflow_uuid.in_(sa.bindparam("ids", expanding=True))
        )
        # By the index that the engine has for what is next.
        self._waiting = sa.select(
            *(
                sa.select(sa.func.coalesce(work.priority, 0))
                .where(work.status == "ENQUEUED", work.queue_name == queue)
                .where(work.application_version == version)
                .order_by(work.priority)
                .limit(1)
                .scalar_subquery()
                .label(queue)
                for queue in queues
            )
        )

    def waiting(self) -> dict[str, int]:
        """The least priority of what waits, by queue; without queues in which nothing does."""
        (found,) = self._rows(self._waiting)
        return {queue: least for queue, least in found.items() if least is not None}

    def begun(self) -> list[Begun]:
        """What was begun and has not ended, by any process."""
        return [Begun(**row) for row in self._rows(self._begun)]

    def begun_by(self, owner: str) -> list[Begun]:
        """What a process has begun and not ended."""
        return [Begun(**row) for row in self._rows(self._begun_by, {"owner": owner})]

    def knows(self, work_ids: Iterable[str]) -> bool:
        """Whether some of this was ever enqueued."""
        return bool(self._rows(self._known, {"ids": list(work_ids)}))

    def left(self) -> dict[str, bool]:
        """Of what has not ended: whether it is begun, or waits for processes of this version."""
        return {
            row["work_id"]: row["status"] == "PENDING" or row["version"] == self._version
            for row in self._rows(self._left)
        }

    # Of the types of the columns.
    def _rows(self, asked: sa.Executable, values: Mapping[str, Any] | None = None) -> list[Any]:
        with self._database.connect() as connection:
            return list(connection.execute(asked, values).mappings())
