"""Traces: spans of requests for OpenTelemetry, sent by OTLP where an endpoint is set.

Spans have names of routes, tasks, stages and formats, durations and outcomes; never text, nor names
that came with a request. Worker processes send none: the spans of their stages are made of the
times that the page brings along. Without an endpoint nothing here does anything, and the packages
for it, a category of the Pipfile, are not needed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ocr_server import __version__
from ocr_server.document.model import StageRecord
from ocr_server.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

SERVICE = "ocr-server"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
PROTOCOL = "http/protobuf"
FLUSH_S = 2.0  # at the end, for the last spans; the collector may be gone

_tracer: Tracer | None = None


@contextmanager
def exported() -> Iterator[None]:
    """Send spans for the length of a with-block, if the environment names an endpoint.

    Raises:
        SettingsError: the packages are missing, or the protocol is not spoken.
    """
    global _tracer  # noqa: PLW0603  # one for the process, as the packages' own
    if not any(os.environ.get(name) for name in ENDPOINTS):
        yield
        return
    provider = _provider()
    _tracer = provider.get_tracer("ocr_server", __version__)
    try:
        yield
    finally:
        _tracer = None
        flush = threading.Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(FLUSH_S)


def _provider() -> TracerProvider:
    for name in PROTOCOLS:
        if (os.environ.get(name) or PROTOCOL) != PROTOCOL:
            raise SettingsError(f"{name}={os.environ[name]} is not spoken; use {PROTOCOL}.")
    if find_spec("opentelemetry") is None:
        raise SettingsError(
            f"{ENDPOINTS[0]} is set; to send traces the packages of the category traces are "
            'needed: pipenv sync --categories "packages traces".'
        )
    # Of the category `traces`, which the image has only if it was built with it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
    resource = Resource.create({"service.name": name, "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """A span under the current one, for the length of a with-block; of an error it has the class.

    A thread has no current span, unless it runs in a copy of the context of one that has.
    """
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        name, attributes=_named(attributes), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            _fail(current, type(error).__name__)
            raise


def spanned(
    pieces: Generator[bytes, None, None], name: str, **attributes: str | int
) -> Generator[bytes, None, None]:
    """The pieces, with a span from the first to the last of them."""
    if _tracer is None:
        yield from pieces
        return
    from opentelemetry.trace import use_span  # noqa: PLC0415

    whole = _tracer.start_span(name, attributes=_named(attributes))
    try:
        while True:
            # Current while a piece is made only: a generator shares the context of its caller.
            with use_span(whole, record_exception=False, set_status_on_exception=False):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
    except Exception as error:
        _fail(whole, type(error).__name__)
        raise
    finally:
        pieces.close()
        whole.end()


def add_stages(stages: Iterable[StageRecord]) -> None:
    """Spans of stages under the current one, and in each one of the time that engines took."""
    if _tracer is None:
        return
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

    # Worker processes have the same clock: CLOCK_MONOTONIC of the machine.
    epoch_ns = time.time_ns() - time.perf_counter_ns()
    for stage in stages:
        if not stage.began_s:  # it was left out
            continue
        begins_ns = epoch_ns + int(stage.began_s * 1e9)
        ends_ns = begins_ns + int(stage.ms * 1e6)
        outcome = {"ocr.outcome": stage.outcome.value}
        whole = _tracer.start_span(stage.name, start_time=begins_ns, attributes=outcome)
        if stage.engine_ms:
            engine = _tracer.start_span(
                "engine", set_span_in_context(whole),
                start_time=ends_ns - int(stage.engine_ms * 1e6),
            )  # fmt: skip
            engine.end(ends_ns)
        whole.end(ends_ns)


class RequestSpan:
    """The span of a request: the current one until `leave`, and open until `end`."""

    def __init__(self, name: str, caller: Mapping[str, str], attributes: Mapping[str, str]) -> None:
        """Begin it, under the caller's span if `caller` has the headers for that.

        Source: W3C, Trace Context, sections 3.2 and 3.3.
        """
        self._span: Span | None = None
        if _tracer is None:
            return
        from opentelemetry import context, trace  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        parent = TraceContextTextMapPropagator().extract(caller)
        self._span = _tracer.start_span(
            name, parent, kind=trace.SpanKind.SERVER, attributes=attributes
        )
        self._token = context.attach(trace.set_span_in_context(self._span))

    @property
    def ids(self) -> dict[str, str]:
        """Its trace and itself, as the log names them; nothing if it is not recorded."""
        if self._span is None:
            return {}
        own = self._span.get_span_context()
        return {"trace_id": f"{own.trace_id:032x}", "span_id": f"{own.span_id:016x}"}

    def leave(self) -> None:
        """Have it be the current one no longer; its answer may still be sent."""
        if self._span is not None:
            from opentelemetry import context  # noqa: PLC0415

            context.detach(self._token)

    def end(self, status: int, problem_code: str | None) -> None:
        """End it with the answer's status and the code of its problem, if there is one."""
        if self._span is None:
            return
        self._span.set_attribute("http.response.status_code", status)
        if problem_code:
            self._span.set_attribute("ocr.problem", problem_code)
        if status >= 500:
            _fail(self._span, str(status))
        self._span.end()


def _named(attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"ocr.{name}": value for name, value in attributes.items()}


def _fail(failed: Span, kind: str) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    failed.set_status(StatusCode.ERROR)
    failed.set_attribute("error.type", kind)
