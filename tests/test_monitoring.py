"""The alerts and the dashboard in `deploy/`: they ask for what the server tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from ocr_server.errors import QueueFull, WorkerLost
from ocr_server.service import Service
from tests.drawing import as_file, draw_lines
from tests.test_errors import EVERY_ERROR

DEPLOY = Path(__file__).parent.parent / "deploy"
RULES = DEPLOY / "prometheus-rules.yaml"
DASHBOARD = DEPLOY / "grafana-dashboard.json"
PROMETHEUS_OWN = {"up"}
OF_EVERY_SERIES = {"instance", "job"}  # put there by Prometheus
SUFFIXES = {
    "counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",),
    "info": ("_info",),
}  # fmt: skip

Json = dict[str, Any]  # as JSON and YAML are


def rules() -> list[Json]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found: list[Json] = group["rules"]
    return found


def panels() -> list[Json]:
    found: list[Json] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def questions() -> Iterator[str]:
    """What both ask of Prometheus."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def metrics_in(question: str) -> set[str]:
    """The words that are neither functions, labels, times nor keywords."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)', " ", question)
    bare = re.sub(r"label_values\((\w+),[^)]*\)", r"\1", bare)
    return set(re.findall(r"[a-z_]\w*\b(?!\s*\()(?<!\bby)", bare))


def labels_in(question: str) -> Iterator[tuple[str, str, str]]:
    """Metric, label and value that a question selects by; the value may be a pattern."""
    for metric, braces in re.findall(r"(\w+)\{([^}]*)\}", question):
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', braces):
            yield metric, label, value


@pytest.fixture
def told(client: FlaskClient, service: Service) -> dict[str, set[str]]:
    """Every metric of a server that has done all it can, and its labels."""
    client.post("/v1/documents", data=as_file(draw_lines("Hello", width_px=300)))
    service.metrics.count_refusal(QueueFull.code)
    service.metrics.count_failed_page(WorkerLost("It died."))
    families = list(text_string_to_metric_families(client.get("/metrics").get_data(as_text=True)))
    found: dict[str, set[str]] = {
        family.name + suffix: set() for family in families for suffix in SUFFIXES[family.type]
    }
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_that_is_asked_for_exists(told: dict[str, set[str]]) -> None:
    asked = {name for question in questions() for name in metrics_in(question)}

    assert {"ocr_ready", "ocr_requests_total", "ocr_page_confidence_bucket"} <= asked
    assert asked - PROMETHEUS_OWN - set(told) == set()


def test_a_misspelt_metric_is_found() -> None:
    assert metrics_in('sum by (le) (rate(orc_x_total{a="b"}[5m])) > 2 * on') == {
        "orc_x_total", "on",
    }  # fmt: skip


def test_labels_that_are_asked_for_exist_and_have_such_values(
    told: dict[str, set[str]], app: Flask
) -> None:
    codes = {kind.code for kind in EVERY_ERROR}
    routes = {str(rule) for rule in app.url_map.iter_rules()}
    values = {"code": codes, "route": routes}
    found = {one for question in questions() for one in labels_in(question)}
    found_grouped = {
        name.strip()
        for question in questions()
        for names in re.findall(r"by \(([^)]*)\)", question)
        for name in names.split(",")
    }

    for metric, label, value in found:
        assert label in OF_EVERY_SERIES | told.get(metric, OF_EVERY_SERIES), (metric, label)
        if label in values:
            assert value in values[label], (label, value)
    assert found_grouped <= OF_EVERY_SERIES.union(*told.values())


def test_each_alert_says_how_bad_it_is_and_what_to_look_at() -> None:
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning", "info"}
    assert all(rule["annotations"]["summary"].endswith(".") for rule in rules())
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    taken = [
        (left, top)
        for place in (panel["gridPos"] for panel in panels())
        for left in range(place["x"], place["x"] + place["w"])
        for top in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(taken)) == len(taken)
    assert max(left for left, _ in taken) < 24  # the columns of Grafana
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert all(panel["title"] and panel["description"] for panel in panels())


@pytest.mark.parametrize("is_draining", [False, True])
def test_readiness_and_room_are_told(
    client: FlaskClient, service: Service, *, is_draining: bool
) -> None:
    if is_draining:
        service.admission.drain(0)
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(client.get("/metrics").get_data(as_text=True))
        for sample in family.samples
    }

    assert values["ocr_ready"] == (0 if is_draining else 1)
    assert values["ocr_temp_free_bytes"] > 0
    service.scratch.close()
    assert "ocr_temp_free_bytes 0.0" in client.get("/metrics").get_data(as_text=True)
