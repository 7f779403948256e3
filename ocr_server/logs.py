"""Logs: one line per event, as text or JSON, without recognised text and file names."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def start_logging(log_format: str) -> None:
    """Write the program's logs to standard error, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it logs every change of a file
    # It tells each of its attempts; that a collector is gone is an error.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # our own queue is the bounded one


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        words = [self.formatTime(record), record.levelname.lower(), record.getMessage()]
        words += [f"{name}={value}" for name, value in _fields(record).items()]
        if record.exc_info:
            words.append("\n" + self.formatException(record.exc_info))
        return " ".join(words)


class _Json(logging.Formatter):
    """One JSON object per line; `time` is in UTC, as ISO 8601 with offset."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The members that were passed as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
