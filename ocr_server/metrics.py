"""Metrics of the server for Prometheus; they contain no recognised text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ocr_server import __version__

if TYPE_CHECKING:
    from ocr_server.document.model import Page, StoredPage
    from ocr_server.errors import OcrServerError
    from ocr_server.runtime.admission import Admission
    from ocr_server.runtime.pool import WorkerPool
    from ocr_server.runtime.scratch import ScratchSpace

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# From a small crop to a page at its time limit; only long documents take longer.
REQUEST_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
STAGE_BUCKETS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# Narrow at the top, where most pages are.
CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1)


class Metrics:
    """The metrics of one server, in a registry of its own."""

    def __init__(
        self,
        workers: WorkerPool,
        admission: Admission,
        scratch: ScratchSpace,
        why_not_ready: Callable[[], OcrServerError | None],
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ocr_requests", "Requests answered", ["route", "method", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._request_s = Histogram(
            "ocr_request_duration_seconds", "Time until the answer began", ["route"],
            buckets=REQUEST_BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self._refusals = Counter(
            "ocr_refusals", "Requests not done, by the code of the problem", ["code"],
            registry=self._registry,
        )  # fmt: skip
        self._pages = Counter("ocr_pages", "Pages read", registry=self._registry)
        self._failed_pages = Counter(
            "ocr_failed_pages", "Pages not read, by the code of the problem", ["code"],
            registry=self._registry,
        )  # fmt: skip
        self._pages_begun_again = Counter(
            "ocr_pages_begun_again", "Pages of jobs whose process had ended in them",
            registry=self._registry,
        )  # fmt: skip
        self._pixels = Counter("ocr_pixels", "Pixels of the pages read", registry=self._registry)
        self._confidence = Histogram(
            "ocr_page_confidence", "Confidence of the pages that have text, from 0 to 1",
            buckets=CONFIDENCE_BUCKETS, registry=self._registry,
        )  # fmt: skip
        stage_s = Histogram(
            "ocr_stage_duration_seconds", "Time of the stages of reading a page", ["stage"],
            buckets=STAGE_BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self._stage_s = cache(stage_s.labels)  # a page has some twenty stages
        Info("ocr_server", "The server", registry=self._registry).info({"version": __version__})
        self._registry.register(_State(workers, admission, scratch, why_not_ready))
        ProcessCollector(registry=self._registry)  # memory, files and processor time

    def watch(self, collector: Collector) -> None:
        """Show what the collector has at the moment, too."""
        self._registry.register(collector)

    def count_request(self, *, route: str, method: str, status: int, duration_s: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_s.labels(route).observe(duration_s)

    def count_refusal(self, code: str) -> None:
        """Count a request that was answered with a problem, by its code."""
        self._refusals.labels(code).inc()

    def count_page(self, page: Page | StoredPage) -> None:
        """Count a page that was read, with its pixels, confidence and stages."""
        outline = page.outline
        self._pages.inc()
        self._pixels.inc(outline.width_px * outline.height_px)
        if page.letter_count:
            self._confidence.observe(page.confidence)
        for stage in outline.stages:
            self._stage_s(stage.name).observe(stage.ms / 1000)

    def count_failed_page(self, error: OcrServerError) -> None:
        """Count a page that could not be read, by the code of the error."""
        self._failed_pages.labels(error.code).inc()

    def count_begun_again(self) -> None:
        """Count a page of a job that is begun once more, as the process that read it ended."""
        self._pages_begun_again.inc()

    def render(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)


class _State(Collector):
    """Gauges that are read at the moment of collection: readiness, slots, queue and storage."""

    def __init__(
        self,
        workers: WorkerPool,
        admission: Admission,
        scratch: ScratchSpace,
        why_not_ready: Callable[[], OcrServerError | None],
    ) -> None:
        self._workers, self._admission, self._scratch = workers, admission, scratch
        self._why_not_ready = why_not_ready

    def collect(self) -> Iterator[Metric]:
        workers, admission = self._workers, self._admission
        is_ready = not admission.is_draining and self._why_not_ready() is None
        yield GaugeMetricFamily("ocr_ready", "1 if it can read, as /readyz tells; else 0", is_ready)
        yield GaugeMetricFamily("ocr_slots", "Pages that can be read at a time", workers.slots)
        yield GaugeMetricFamily(
            "ocr_slots_alive", "Slots that have a worker process", workers.alive
        )
        yield GaugeMetricFamily("ocr_slots_busy", "Slots at work", workers.busy)
        yield GaugeMetricFamily(
            "ocr_requests_inside", "Requests at work or waiting", admission.inside
        )
        yield GaugeMetricFamily("ocr_queue_length", "Requests that wait", admission.waiting)
        yield CounterMetricFamily(
            "ocr_engine_restarts", "Worker processes replaced: crashed, killed, or used up",
            workers.restarts,
        )  # fmt: skip
        yield GaugeMetricFamily(
            "ocr_temp_free_bytes", "Bytes that are free for the pictures being read",
            self._scratch.free_bytes,
        )  # fmt: skip
