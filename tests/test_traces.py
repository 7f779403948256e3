from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks.draw import draw_display
from ocr_server import traces
from ocr_server.errors import SettingsError
from tests.drawing import as_file, as_pages, draw_lines
from tests.fakes import ReadsWords
from tests.serving import RunningServer
from tests.waiting import wait_for

PICTURE = as_file(draw_lines("Hello", width_px=300))
SECRETS = (b"Hello", b"world", b"my-letter", b"eva-maria", b"open sesame")
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Takes what is sent by OTLP."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.bodies.append(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    @property
    def spans(self) -> list[Span]:
        """In the order in which they began."""
        spans = [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(spans, key=lambda span: span.start_time_unix_nano)

    def only(self, name: str) -> Span:
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def children(self, parent: Span) -> list[str]:
        return [span.name for span in self.spans if span.parent_span_id == parent.span_id]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


@pytest.fixture
def endpoint(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(traces.ENDPOINTS[0], collector.url)


def attributes_of(span: Span) -> dict[str, object]:
    return {
        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
        for pair in span.attributes
    }


@pytest.mark.process
def test_the_spans_of_a_request_have_all_that_its_time_went_into(
    collector: Collector, start: Callable[..., RunningServer]
) -> None:
    server = start(
        OCR_SLOTS=2, OCR_LOG_FORMAT="json", OTEL_BSP_SCHEDULE_DELAY=50,
        **{traces.ENDPOINTS[0]: collector.url},
    )  # fmt: skip
    pages = as_pages([draw_lines("Hello"), draw_lines("world")])
    answer = server.ask(
        "POST",
        "/v1/documents?format=text",
        pages,
        {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "given"},
    )

    assert answer.status == 200
    wait_for(lambda: [span for span in collector.spans if span.name.startswith("POST")])
    request = collector.only("POST /v1/documents")
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert request.parent_span_id.hex() == CALLER
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attributes_of(request) == {
        "http.request.method": "POST", "http.route": "/v1/documents",
        "http.response.status_code": 200, "ocr.request_id": "given",
    }  # fmt: skip
    assert f'"span_id": "{request.span_id.hex()}"' in server.log
    of_request = Counter(collector.children(request))
    assert {**of_request, "queue": 0, "describe_engine": 0} == {
        "count_pages": 1, "page": 2, "export": 1, "queue": 0, "describe_engine": 0,
    }  # fmt: skip
    for page in (span for span in collector.spans if span.name == "page"):
        named = {span.name: span for span in collector.spans if span.parent_span_id == page.span_id}
        assert {"queue", "read_page", "decode", "read"} <= set(named)
        assert collector.children(named["read"]) == ["engine"]
        work, decode, read = named["read_page"], named["decode"], named["read"]
        # One clock: what a worker process did lies within the time that the server waited for it.
        times = (
            page.start_time_unix_nano, work.start_time_unix_nano, decode.start_time_unix_nano,
            decode.end_time_unix_nano, read.start_time_unix_nano, read.end_time_unix_nano,
            work.end_time_unix_nano, page.end_time_unix_nano,
        )  # fmt: skip
        tolerance_ns = 1_000_000  # the time of day is set by steps, by which clocks drift apart
        assert all(one <= next_ + tolerance_ns for one, next_ in pairwise(times))


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_neither_text_nor_names_are_in_a_span(
    client: FlaskClient, collector: Collector, accept: str
) -> None:
    zones = '[{"name": "eva-maria", "box": [0, 0, 200, 50]}]'
    with traces.exported():
        client.post(
            "/v1/documents?format=json", headers={"Accept": accept},
            data={"file": (BytesIO(PICTURE), "my-letter.png"), "zones": zones},
        )  # fmt: skip
        client.post("/v1/documents?password=open+sesame", data=PICTURE)
        client.get("/v1/languages?q=eva-maria")

    assert collector.only("GET /v1/languages").end_time_unix_nano
    assert not [one for one in SECRETS if any(one in body for body in collector.bodies)]


@pytest.mark.usefixtures("endpoint")
def test_a_stream_s_pages_and_its_end_are_in_its_span(
    client: FlaskClient, collector: Collector
) -> None:
    with traces.exported():
        accept = {"Accept": "application/x-ndjson"}
        answer = client.post("/v1/documents", data=PICTURE, headers=accept)
        assert b'"end"' in answer.data
        answer.close()
        client.get("/v1/languages")

    stream = collector.only("POST /v1/documents")
    assert collector.children(stream) == ["page"]
    assert not collector.only("GET /v1/languages").parent_span_id


@pytest.mark.process
@pytest.mark.usefixtures("endpoint")
def test_a_reading_of_a_station_has_a_span(collector: Collector, tmp_path: Path) -> None:
    drawn = draw_display(Random(1))  # noqa: S311  # drawn, not secret
    drawn.picture.save(tmp_path / "my-letter.png")
    station = subprocess.Popen(  # noqa: S603
        [
            sys.executable, "-m", "ocr_server", "station", "display", "--watch", str(tmp_path),
            "--journal", str(tmp_path / "journal"),
        ],
        env={**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "50"},
    )  # fmt: skip
    try:
        wait_for(lambda: [span for span in collector.spans if span.name == "reading"])
    finally:
        station.terminate()
        assert station.wait(60) == 0

    assert "page" in collector.children(collector.only("reading"))
    secrets = (*SECRETS, str(drawn.fields["value"]).encode())
    assert not [one for one in secrets if any(one in body for body in collector.bodies)]


@pytest.mark.usefixtures("endpoint")
def test_what_failed_says_so_and_its_code(
    client: FlaskClient, engine: ReadsWords, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("Hello")

    monkeypatch.setattr(engine, "recognise", fails)
    with traces.exported():
        assert client.post("/v1/documents", data=PICTURE).status_code == 500

    request, page = collector.only("POST /v1/documents"), collector.only("page")
    assert request.status.code == page.status.code == Status.STATUS_CODE_ERROR
    assert attributes_of(request)["ocr.problem"] == "internal-error"
    assert attributes_of(page) == {"ocr.page": 1, "error.type": "RuntimeError"}
    assert not page.events


@pytest.mark.usefixtures("endpoint")
def test_probes_have_no_spans_and_other_words_are_no_names(
    client: FlaskClient, collector: Collector
) -> None:
    with traces.exported():
        client.get("/livez")
        client.get("/readyz")
        client.open("/eva-maria", method="MY-LETTER")

    assert [span.name for span in collector.spans] == ["- -"]


@pytest.mark.usefixtures("endpoint")
def test_the_resource_is_named_as_the_environment_says(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("", "reader"):
        monkeypatch.setenv("OTEL_SERVICE_NAME", name)
        with traces.exported(), traces.span("one"):
            pass

    resources = [request.resource_spans[0].resource for request in collector.requests]
    names = [
        pair.value.string_value
        for resource in resources
        for pair in resource.attributes
        if pair.key == "service.name"
    ]
    assert names == ["ocr-server", "reader"]


def test_a_collector_that_is_gone_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(traces.ENDPOINTS[0], "http://127.0.0.1:9")  # discard, where nobody listens
    monkeypatch.setattr(traces, "FLUSH_S", 0.1)
    began = time.monotonic()
    with traces.exported(), traces.span("one"):
        pass

    assert time.monotonic() - began < 5


def test_a_protocol_that_is_not_spoken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(traces.ENDPOINTS[0], "http://127.0.0.1:4317")
    monkeypatch.setenv(traces.PROTOCOLS[0], "grpc")

    with pytest.raises(SettingsError, match="use http/protobuf"), traces.exported():
        pass


def test_without_the_packages_it_is_said_which_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(traces.ENDPOINTS[1], "http://127.0.0.1:4318/v1/traces")
    monkeypatch.setattr(traces, "find_spec", lambda _name: None)

    with pytest.raises(SettingsError, match="packages traces"), traces.exported():
        pass


@pytest.mark.process
def test_without_an_endpoint_no_package_of_traces_is_imported() -> None:
    code = (
        "import sys; from ocr_server import traces; from ocr_server.cli import main\n"
        "with traces.exported(), traces.span('one'):\n"
        "    traces.RequestSpan('one', {}, {}).end(200, None)\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
