"""A document's answer as lines of JSON, one for each event, as they come."""

from __future__ import annotations

import base64
import queue
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Response, g

from ocr_server.deadline import POLL_INTERVAL_S
from ocr_server.document.model import Failure, StoredPage
from ocr_server.document.page_files import PageRef
from ocr_server.errors import ClientGone, OcrServerError, ServerOutOfMemory, StorageFull
from ocr_server.page.progress import Progress, latest
from ocr_server.pipeline import Accepted, Event, Finished, PageFailed, PageRead
from ocr_server.request.build import ParsedRequest
from ocr_server.service import Service
from ocr_server.sources.pixels import PREVIEW_MEDIA_TYPE
from ocr_server.web.access_log import counts_of
from ocr_server.web.context import HangUp, hang_up, keep_job_folder
from ocr_server.web.event_json import elapsed_ms, event_to_json, line_of
from ocr_server.web.json_body import PIECE_BYTES
from ocr_server.web.negotiation import NDJSON
from ocr_server.web.translation import asked_language

HEARTBEAT_S = 0.5


def stream_document(here: Service, parsed: ParsedRequest, admitted: ExitStack) -> Response:
    """Read a document, and answer with its events; `admitted` is closed at the end."""
    cancelled = hang_up()
    admitted.push(keep_job_folder())
    admitted.callback(cancelled.set)
    lines = _lines(
        here, parsed, cancelled, admitted,
        outcome=g.outcome, context=copy_context(), language=asked_language(),
    )  # fmt: skip
    response = Response(lines, content_type=NDJSON)
    response.call_on_close(admitted.close)
    return response


def _lines(
    here: Service,
    parsed: ParsedRequest,
    cancelled: HangUp,
    admitted: ExitStack,
    *,
    outcome: dict[str, Any],
    context: Context,
    language: str,
) -> Iterator[bytes]:
    """Events as lines of JSON; a heartbeat when nothing has happened for half a second.

    The request has left before the last line is sent: who has read it may send the next request.
    `outcome` is filled in for the log; the document is read in `context`.
    """
    events: queue.SimpleQueue[Event | _PageWritten | _Picture | Exception | None] = (
        queue.SimpleQueue()
    )
    begun = time.perf_counter()

    def read() -> None:
        try:
            for event in _read(here, parsed, cancelled):
                events.put(event)
        except MemoryError:
            events.put(ServerOutOfMemory.of_server())
        except Exception as error:  # noqa: BLE001  # answered below, as `answer_unexpected` does
            events.put(error)
        finally:
            events.put(None)

    reader = threading.Thread(target=context.run, args=(read,), daemon=True)
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
                    lines = [line_of({"event": "heartbeat", "elapsed_ms": elapsed_ms(begun)})]
            else:
                if event is None:
                    return
                watch.take(event)
                if isinstance(event, _PageWritten | _Picture):
                    event = yield from event.pieces()
                    spoke = time.perf_counter()
                    if event is None:
                        continue
                answer = event_to_json(event, parsed.rendering, begun, language=language)
                if isinstance(event, Finished):
                    outcome |= counts_of(event.document)
                    admitted.close()
                elif isinstance(event, Exception) and answer["event"] == "problem":
                    outcome["problem_code"] = answer["code"]
                    admitted.close()
                lines = [line_of(answer)]
            if lines:
                spoke = time.perf_counter()
                yield from lines
    finally:
        cancelled.set()
        reader.join()


def _read(
    here: Service, parsed: ParsedRequest, cancelled: HangUp
) -> Iterator[Event | _PageWritten | _Picture]:
    """The events of the reading, each page with its picture if the request wants that."""
    page_refs: dict[int, PageRef] = {}
    job = replace(parsed.job, reports_progress=True, draws_pages=parsed.pictures)
    for event in here.recognise(job, cancelled):
        yield _written(event, here, parsed, cancelled)
        if isinstance(event, Accepted):
            page_refs = {page_ref.number: page_ref for page_ref in event.page_refs}
        elif isinstance(event, PageRead):
            number = event.page.outline.number
            if (picture := page_refs[number].drawn_path).exists():
                yield _Picture(number, picture)


@dataclass(frozen=True, slots=True)
class _PageWritten:
    """A page of many words was read; its JSON stands in a file."""

    number: int
    path: Path

    def pieces(self) -> Generator[bytes, None, PageFailed | None]:
        """The line of the event, in pieces; where the file is gone, return the event instead."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return PageFailed(Failure(self.number, StorageFull.of_temp_dir()))
        with file:
            yield b'{"event": "page", "page": '
            yield from iter(partial(file.read, PIECE_BYTES), b"")
        self.path.unlink(missing_ok=True)
        yield b"}\n"
        return None


@dataclass(frozen=True, slots=True)
class _Picture:
    """A JPEG of a page that was read stands in a file."""

    number: int
    path: Path

    def pieces(self) -> Generator[bytes, None, None]:
        """The line of the event; none if the file is gone."""
        try:
            jpeg = self.path.read_bytes()
        except FileNotFoundError:
            return
        self.path.unlink(missing_ok=True)
        yield line_of(
            {
                "event": "picture",
                "page": self.number,
                "media_type": PREVIEW_MEDIA_TYPE,
                "content": base64.b64encode(jpeg).decode(),
            }
        )


def _written(
    event: Event, here: Service, parsed: ParsedRequest, cancelled: HangUp
) -> Event | _PageWritten:
    """The event; a page of many words is written by a worker process, not by this one."""
    if not (isinstance(event, PageRead) and isinstance(event.page, StoredPage)):
        return event
    try:
        written = here.render_page(event.page, parsed, cancelled)
    except ClientGone:
        raise
    except OcrServerError as error:
        return PageFailed(Failure(event.page.outline.number, error))
    assert isinstance(written, Path)  # noqa: S101  # as a stored page always is
    return _PageWritten(event.page.outline.number, written)


class _Watch:
    """How far the pages are that are being read: as many as there are slots, in their order."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._page_refs: deque[PageRef] = deque()
        self._reported: dict[PageRef, Progress] = {}

    def take(self, event: Event | _PageWritten | _Picture | Exception) -> None:
        """Note an event: pages that begin, or one that is done."""
        if isinstance(event, Accepted):
            self._page_refs.extend(event.page_refs)
        elif isinstance(event, PageRead | PageFailed | _PageWritten):
            self._page_refs.popleft()

    def lines(self) -> Iterator[bytes]:
        """A line for each page whose progress has changed."""
        for page_ref in islice(self._page_refs, self._slots):
            progress = latest(page_ref.progress_path)
            if progress is not None and progress != self._reported.get(page_ref):
                self._reported[page_ref] = progress
                yield line_of(
                    {
                        "event": "progress",
                        "page": page_ref.number,
                        "stage": progress.stage,
                        "parts_done": progress.parts_done,
                        "parts": progress.parts,
                    }
                )
