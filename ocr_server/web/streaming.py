"""A document's answer as lines of JSON, one for each event, as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import Any

from flask import Response, g, json

from ocr_server.deadline import POLL_INTERVAL_S
from ocr_server.errors import OcrServerError
from ocr_server.export.json import page_to_json
from ocr_server.job import Rendering
from ocr_server.pipeline import Accepted, Event, Finished, PageFailed, PageRead
from ocr_server.progress import Progress, latest
from ocr_server.request.build import ParsedRequest
from ocr_server.service import Service
from ocr_server.tasks import PageRef
from ocr_server.web.access_log import counts_of
from ocr_server.web.forms import NDJSON
from ocr_server.web.problems import problem_of, unexpected_problem
from ocr_server.web.schemas import EventJson
from ocr_server.web.service import HangUp, hang_up

HEARTBEAT_S = 0.5


def stream_document(here: Service, parsed: ParsedRequest, turn: ExitStack) -> Response:
    """Read a document, and tell how it goes; `turn` is closed when it is over."""
    cancelled = hang_up()
    turn.callback(cancelled.set)
    lines = _lines(here, parsed, cancelled, turn, g.outcome)
    response = Response(lines, content_type=NDJSON)
    response.call_on_close(turn.close)
    return response


def _lines(
    here: Service,
    parsed: ParsedRequest,
    cancelled: HangUp,
    turn: ExitStack,
    outcome: dict[str, Any],
) -> Iterator[bytes]:
    """Events as lines of JSON; a heartbeat when nothing has happened for half a second.

    The turn is over before the last line is sent: who has read it may send the next request.
    `outcome` is filled in for the log.
    """
    events: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()
    begun = time.perf_counter()

    def read() -> None:
        try:
            for event in here.recognise(replace(parsed.job, is_watched=True), cancelled):
                events.put(event)
        except Exception as error:  # noqa: BLE001  # answered below, as `answer_unexpected` does
            events.put(error)
        finally:
            events.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    watch = _Watch(here.workers.slots)
    spoke = begun
    try:
        while True:
            try:
                event = events.get(timeout=POLL_INTERVAL_S)
            except queue.Empty:
                lines = list(watch.lines())
                if not lines and time.perf_counter() - spoke >= HEARTBEAT_S:
                    lines = [_line({"event": "heartbeat", "elapsed_ms": _ms(begun)})]
            else:
                if event is None:
                    return
                watch.take(event)
                answer = _to_json(event, parsed.rendering, begun)
                if isinstance(event, Finished):
                    outcome |= counts_of(event.document)
                    turn.close()
                elif isinstance(event, Exception) and answer["event"] == "problem":
                    outcome["problem_code"] = answer["code"]
                    turn.close()
                lines = [_line(answer)]
            if lines:
                spoke = time.perf_counter()
                yield from lines
    finally:
        cancelled.set()
        reader.join()


class _Watch:
    """How far the sheets are that are being read: as many as there are slots, in their order."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._sheets: deque[PageRef] = deque()
        self._told: dict[PageRef, Progress] = {}

    def take(self, event: Event | Exception) -> None:
        """What has happened."""
        if isinstance(event, Accepted):
            self._sheets.extend(event.page_refs)
        elif isinstance(event, PageRead | PageFailed):
            self._sheets.popleft()

    def lines(self) -> Iterator[bytes]:
        """What is new."""
        for sheet in islice(self._sheets, self._slots):
            progress = latest(sheet.progress_path)
            if progress is not None and progress != self._told.get(sheet):
                self._told[sheet] = progress
                yield _line(
                    {
                        "event": "progress",
                        "page": sheet.number,
                        "stage": progress.stage,
                        "parts_done": progress.parts_done,
                        "parts": progress.parts,
                    }
                )


def _to_json(event: Event | Exception, rendering: Rendering, begun: float) -> EventJson:
    answer: EventJson
    match event:
        case Accepted(page_refs):
            answer = {"event": "accepted", "pages": len(page_refs)}
        case PageRead(page):
            answer = {"event": "page", "page": page_to_json(page, rendering)}
        case PageFailed(failure):
            answer = {"event": "problem", "page": failure.page, **problem_of(failure.error)}
        case Finished(document):
            answer = {
                "event": "end",
                "engine": {
                    "name": document.engine.name,
                    "version": document.engine.version,
                },
                "pages": len(document.pages),
                "failed_pages": [failure.page for failure in document.problems],
                "confidence": round(document.confidence, 4),
                "elapsed_ms": _ms(begun),
            }
        case OcrServerError():
            answer = {"event": "problem", **problem_of(event)}
        case _:
            answer = {"event": "problem", **unexpected_problem(event)}
    return answer


def _line(event: EventJson) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _ms(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
