from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from flask.testing import FlaskClient

from ocr_server.cgroup import LEAST_WORKER_BYTES, MIB
from ocr_server.runtime.memory_plan import SECOND_READER_BYTES
from ocr_server.settings import Settings
from ocr_server.web.translation import LANGUAGES
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords
from tests.jobs.keeping import keeping, tiff
from tests.serving import FakeTesseract, running_server

DEPLOY = Path(__file__).parent.parent / "deploy"
# The newest that the package of schemas knows is the one to be ready for; 1.30 is promised.
VERSIONS = ("1.30", kubernetes_validate.latest_version())

Document = dict[str, Any]  # as YAML is


def kubernetes() -> dict[str, Document]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


def kubernetes_jobs() -> dict[tuple[str, str], Document]:
    """By kind and name."""
    documents = yaml.safe_load_all((DEPLOY / "kubernetes-jobs.yaml").read_text())
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def compose() -> Document:
    document: Document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document


def pod() -> Document:
    spec: Document = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def sidecar() -> Document:
    (container,) = pod()["initContainers"]
    assert isinstance(container, dict)
    return container


def environment_of(sidecar: Document) -> Mapping[str, str]:
    return {variable["name"]: variable["value"] for variable in sidecar["env"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", kubernetes())
def test_kubernetes_understands_every_object(kind: str, version: str) -> None:
    kubernetes_validate.validate(kubernetes()[kind], version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", kubernetes_jobs())
def test_kubernetes_understands_every_object_of_jobs(name: tuple[str, str], version: str) -> None:
    kubernetes_validate.validate(kubernetes_jobs()[name], version, strict=True)


def test_the_schemas_of_kubernetes_find_a_slip() -> None:
    document = kubernetes()["Deployment"]
    document["spec"]["template"]["spec"]["initContainers"][0]["livenesProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)


def compose_schema() -> Document:
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema: Document = json.loads((folder / "compose-spec.json").read_text())
    return schema


def dockerfile() -> dict[str, tuple[str, str]]:
    """Base and commands of each stage; the last one, which is built if none is named, has none."""
    text = (DEPLOY.parent / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?\n(.*?)(?=^FROM |\Z)", text, re.M | re.S)
    return {name: (base, commands) for base, name, commands in stages}


def test_the_image_has_all_engines_unless_the_light_one_is_asked_for() -> None:
    stages = dockerfile()

    assert list(stages)[-1] == ""
    assert {stages[name][0] for name in ("", "second-reader", "twelve-languages")} == {"full"}
    assert "--from=packages " in stages["full"][1]
    assert 'CATEGORIES="packages warm second-reader codes"' in stages["packages"][1]
    assert "--from=light-packages " in stages["light"][1]
    assert "./image-packages packages\n" in stages["light-packages"][1]


def test_the_image_keeps_of_babel_the_languages_of_the_pages() -> None:
    script = (DEPLOY.parent / "scripts/image-packages").read_text()
    kept = re.search(r"/\((.+)\)\\\.dat", script)

    assert kept is not None
    assert set(kept[1].split("|")) == {"root", *LANGUAGES}


def test_the_image_of_twelve_languages_has_them() -> None:
    packages = set(
        re.findall(
            r"tesseract-ocr-([a-z-]+)",
            dockerfile()["base"][1].split("LANGUAGES:")[0] + dockerfile()["twelve-languages"][1],
        )
    )

    assert packages == {
        "eng", "deu", "fra", "spa", "ita", "por", "nld", "pol", "rus", "ara", "chi-sim", "jpn",
        "jpn-vert", "osd",
    }  # fmt: skip
    assert dockerfile()["twelve-languages"][1].count("USER 10001:0") == 1


@pytest.mark.parametrize(("memory", "holds_second"), [("1g", True), ("512m", False)])
def test_each_slot_has_the_memory_that_its_engines_need(
    monkeypatch: pytest.MonkeyPatch, memory: str, *, holds_second: bool
) -> None:
    limit_bytes = {"1g": 1024, "512m": 512}[memory] * MIB
    monkeypatch.setattr("ocr_server.cgroup.memory_limit_bytes", lambda: limit_bytes)

    least_bytes = SECOND_READER_BYTES if holds_second else LEAST_WORKER_BYTES

    assert Settings(slots=int(compose()["services"]["ocr"]["cpus"])).worker_bytes >= least_bytes


def test_the_light_image_takes_half_the_memory() -> None:
    light = yaml.safe_load((DEPLOY / "compose.light.yaml").read_text())["services"]["ocr"]

    assert light == {
        "build": {"context": "..", "target": "light"}, "image": "ocr-server:light",
        "mem_limit": "512m",
    }  # fmt: skip


def test_compose_understands_both_files() -> None:
    for name in ("compose.yaml", "compose.light.yaml"):
        jsonschema.validate(yaml.safe_load((DEPLOY / name).read_text()), compose_schema())


def test_the_schema_of_compose_finds_a_slip() -> None:
    document = compose()
    document["services"]["ocr"]["read_onyl"] = True

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, compose_schema())


def test_the_server_understands_what_both_files_set(sidecar: Document) -> None:
    in_pod = Settings.from_environment(environment_of(sidecar))
    in_compose = Settings.from_environment(compose()["services"]["ocr"]["environment"])

    assert in_pod == in_compose


def test_the_server_has_time_to_end_what_it_began(sidecar: Document) -> None:
    timeout_s = Settings.from_environment(environment_of(sidecar)).timeout_s
    grace = compose()["services"]["ocr"]["stop_grace_period"]

    assert pod()["terminationGracePeriodSeconds"] > timeout_s
    assert float(grace.removesuffix("s")) > timeout_s


def test_the_probes_ask_what_is_open_without_a_key(sidecar: Document, client: FlaskClient) -> None:
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        path = sidecar[name]["httpGet"]["path"]

        assert path in {"/livez", "/readyz"}
        assert client.get(path).status_code == 200
    assert sidecar["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_the_server_runs_confined_in_both() -> None:
    (sidecar,) = pod()["initContainers"]
    service = compose()["services"]["ocr"]
    context = sidecar["securityContext"]

    assert context["readOnlyRootFilesystem"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert not context["allowPrivilegeEscalation"]
    assert pod()["securityContext"]["runAsNonRoot"]
    assert sidecar["resources"]["limits"]["memory"] == "1Gi"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"] == "1g"
    assert compose()["networks"][service["networks"][0]]["internal"]


def test_more_pods_come_when_the_server_s_container_is_busy(sidecar: Document) -> None:
    (metric,) = kubernetes()["HorizontalPodAutoscaler"]["spec"]["metrics"]

    assert metric["containerResource"]["name"] == "cpu"
    assert metric["containerResource"]["container"] == sidecar["name"]
    assert sidecar["resources"]["requests"]["cpu"]


def job_pods() -> dict[str, Document]:
    """What a server and a worker of jobs are in Kubernetes."""
    found = kubernetes_jobs()
    names = ("ocr-jobs", "ocr-worker")
    return {name: found["Deployment", name]["spec"]["template"]["spec"] for name in names}


def environment_of_jobs(name: str) -> dict[str, str]:
    (container,) = job_pods()[name]["containers"]
    return {one["name"]: one.get("value", "postgresql://of.a.secret/x") for one in container["env"]}


def test_servers_and_workers_of_jobs_understand_what_is_set() -> None:
    services = compose()["services"]
    in_compose = [Settings.from_environment(services[n]["environment"]) for n in ("jobs", "worker")]
    in_pods = [Settings.from_environment(environment_of_jobs(name)) for name in job_pods()]

    assert [(one.jobs_slots == 0, bool(one.job_slots)) for one in in_compose + in_pods] == [
        (True, False), (False, True), (True, False), (False, True),
    ]  # fmt: skip
    folders = {one.jobs_files for one in in_compose + in_pods}
    assert folders == {"/var/lib/ocr/jobs"}
    assert "install -d -m 1777 /var/lib/ocr\n" in dockerfile()["base"][1]


def test_workers_of_jobs_come_with_a_database_by_a_profile() -> None:
    services = compose()["services"]
    of_profile = {name for name, one in services.items() if "jobs" in one.get("profiles", ())}

    assert of_profile == {"jobs", "worker", "postgres"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["worker"]["command"][-1] == "work"
    assert services["worker"]["volumes"] == services["jobs"]["volumes"]
    assert "jobs" in services["worker"]["build"]["args"]["CATEGORIES"].split()
    assert services["worker"]["networks"] == ["inside"]


def test_workers_of_jobs_have_time_to_end_their_page() -> None:
    pods = job_pods()
    settings = {name: Settings.from_environment(environment_of_jobs(name)) for name in pods}

    worker, server = pods["ocr-worker"], pods["ocr-jobs"]
    grace = worker["terminationGracePeriodSeconds"]
    assert grace > settings["ocr-worker"].page_timeout_s
    assert server["terminationGracePeriodSeconds"] > settings["ocr-jobs"].timeout_s
    (container,) = worker["containers"]
    assert container["args"][-1] == "work"
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_more_workers_come_when_pages_wait(tmp_path: Path) -> None:
    (metric,) = kubernetes_jobs()["HorizontalPodAutoscaler", "ocr-worker"]["spec"]["metrics"]
    keda = yaml.safe_load((DEPLOY / "keda.yaml").read_text())
    (trigger,) = keda["spec"]["triggers"]
    name = metric["external"]["metric"]["name"]
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        kept.send(tiff(300, 310))
        numbers = kept.client.get("/metrics").text

    assert f"{name} 2.0" in numbers
    assert trigger["metadata"]["query"] == f"max({name})"
    assert keda["spec"]["scaleTargetRef"] == {"name": "ocr-worker"}
    assert trigger["metadata"]["threshold"] == metric["external"]["target"]["averageValue"]


@contextmanager
def example_app(server_url: str, timeout_s: float) -> Iterator[str]:
    """The address of the example app, beside that server."""
    code = (
        f"import app; app.TIMEOUT_S = {timeout_s}; "
        "server = app.ThreadingHTTPServer(('127.0.0.1', 0), app.App); "
        "print(server.server_port, flush=True); server.serve_forever()"
    )
    with subprocess.Popen(  # noqa: S603  # our own example
        [sys.executable, "-c", code], cwd=DEPLOY, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={**os.environ, "OCR_URL": server_url},
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@pytest.mark.process
def test_the_example_app_gets_the_text(tmp_path: Path) -> None:
    tesseract = FakeTesseract(tmp_path / "tesseract")
    with (
        running_server(tmp_path, PATH=tesseract.path, OCR_SLOTS=1) as server,
        example_app(server.url, timeout_s=60) as url,
    ):
        request = urllib.request.Request(url, data=as_file(draw_lines("Hello")))  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # our own
            assert answer.read() == b"Hello\n"


@pytest.mark.process
def test_the_example_app_says_that_its_server_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with example_app(server_url, timeout_s=0.2) as url:
            request = urllib.request.Request(url, data=b"picture")  # noqa: S310  # our own
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=60)  # noqa: S310
            with caught.value as answer:
                assert answer.code == 502


def test_a_service_called_ocr_does_not_reach_into_the_settings() -> None:
    assert pod()["enableServiceLinks"] is False
