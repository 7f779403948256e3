from __future__ import annotations

import logging
from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from ocr_server.document.model import Document, EngineInfo, Page, StageOutcome, StageRecord
from ocr_server.errors import DamagedPicture, WorkerLost
from ocr_server.service import Service
from ocr_server.web.access_log import server_timing
from tests.drawing import as_file, draw_lines

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def numbers(client: FlaskClient) -> dict[str, float]:
    """Name and labels of each sample, as one word, and its value."""
    text = client.get("/metrics").get_data(as_text=True)
    return {
        sample.name + "".join(f",{value}" for _, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(client: FlaskClient, data: bytes, **headers: str) -> int:
    return client.post(
        "/v1/documents", data=data, headers={"Content-Type": "image/png", **headers}
    ).status_code


def page_with(*stages: StageRecord) -> Page:
    return Page(number=1, width_px=30, height_px=20, dpi=None, zones=(), stages=stages)


def test_a_page_that_was_read_is_counted_with_its_pixels_and_confidence(
    client: FlaskClient,
) -> None:
    assert read(client, as_file(draw_lines("Hello", width_px=300))) == 200

    counted = numbers(client)
    assert counted["ocr_requests_total,POST,/v1/documents,200"] == 1
    assert counted["ocr_request_duration_seconds_count,/v1/documents"] == 1
    assert counted["ocr_pages_total"] == 1
    assert counted["ocr_pixels_total"] == 300 * (51 + 80)  # one line of 32 px, pitch and margins
    assert counted["ocr_page_confidence_sum"] == pytest.approx(0.9)


def test_a_refusal_is_counted_by_its_code(client: FlaskClient) -> None:
    assert read(client, b"no picture at all") == 415

    counted = numbers(client)
    assert counted["ocr_refusals_total,unsupported-format"] == 1
    assert counted["ocr_requests_total,POST,/v1/documents,415"] == 1


def test_paths_and_methods_that_do_not_exist_share_one_number(client: FlaskClient) -> None:
    client.get("/wp-admin")
    client.open("/v1/documents", method="BREW")

    counted = numbers(client)
    assert counted["ocr_requests_total,-,-,404"] == 1
    assert counted["ocr_requests_total,-,-,405"] == 1


def test_stages_and_failed_pages_are_counted(client: FlaskClient, service: Service) -> None:
    service.metrics.count_page(
        page_with(StageRecord("deskew", "2 degrees", "turned", 40, StageOutcome.DONE))
    )
    service.metrics.count_failed_page(WorkerLost("It died."))

    counted = numbers(client)
    assert counted["ocr_stage_duration_seconds_sum,deskew"] == pytest.approx(0.04)
    assert counted["ocr_failed_pages_total,worker-lost"] == 1


def test_load_is_told_as_it_is_now(client: FlaskClient, service: Service) -> None:
    with service.admission.admit(), service.admission.admit():
        busy = numbers(client)
    idle = numbers(client)

    assert (busy["ocr_requests_inside"], busy["ocr_queue_length"]) == (2, 1)
    assert (idle["ocr_requests_inside"], idle["ocr_queue_length"]) == (0, 0)
    assert (idle["ocr_slots"], idle["ocr_slots_busy"]) == (1, 0)
    assert idle["ocr_engine_restarts_total"] == 0


def test_neither_text_nor_file_names_are_told(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    picture = as_file(draw_lines("Hello"))
    with caplog.at_level(logging.INFO):
        client.post("/v1/documents", data={"file": (BytesIO(picture), "secret-name.png")})
    told = client.get("/metrics").get_data(as_text=True) + "".join(
        str(vars(record)) for record in caplog.records
    )

    assert "ocr_pages_total 1.0" in told
    assert "Hello" not in told
    assert "secret-name" not in told


def test_the_callers_trace_goes_into_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ocr_server.access"):
        client.get("/version", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    record = vars(caplog.records[-1])
    assert (record["trace_id"], record["span_id"]) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "given", [f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-01", "x\ty"]
)
def test_a_trace_that_is_not_valid_is_not_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    with caplog.at_level(logging.INFO, "ocr_server.access"):
        client.get("/version", headers={"traceparent": given})

    assert "trace_id" not in vars(caplog.records[-1])


def test_a_harmless_request_id_is_kept_and_another_replaced(client: FlaskClient) -> None:
    kept = client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"]
    replaced = client.get("/livez", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"]

    assert kept == "abc-1"
    assert len(replaced) == 32


def test_server_timing_names_the_stages_summed_over_the_pages() -> None:
    page = page_with(
        StageRecord("cut parts", "2", "", 1.5, StageOutcome.DONE),
        StageRecord("read", "", "", 10, StageOutcome.DONE),
    )
    document = Document((page, replace(page, number=2)), EngineInfo("fake", "1", ()))

    timing = server_timing(document, render=0.25)

    assert timing == "render;dur=250.0, cut-parts;dur=3.0, read;dur=20.0"


def test_a_plain_answer_has_the_timing(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/documents", data=as_file(draw_lines("Hello")), content_type="image/png"
    )

    assert "render;dur=" in answer.headers["Server-Timing"]


def test_an_error_of_a_page_counts_its_code_not_its_words(
    client: FlaskClient, service: Service
) -> None:
    service.metrics.count_failed_page(DamagedPicture("Page of Mr Smith."))

    assert "Smith" not in client.get("/metrics").get_data(as_text=True)
