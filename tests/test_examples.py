"""The examples of the README and of docs/ work as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from ocr_server.request.profiles import load_profiles
from ocr_server.settings import ADAPTER_NAMES
from ocr_server.web.compat import adapters_named
from tests.documentation import (
    DOCS,
    PAGES,
    README,
    ROOT,
    commands_in,
    fences,
    json_examples,
    name_of,
    rows_under,
)
from tests.drawing import as_file, draw_lines
from tests.serving import FakeTesseract, RunningServer, running_server

ADDRESS = "http://localhost:8080"
PROGRAM = "pipenv run ocr-server "
MEASUREMENT = ".venv/bin/python -m benchmarks."
PICTURES = ("scan.jpg", "label.jpg", "frame.jpg", "scan.png")
SCRIPTS = [
    pytest.param(script, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, script in enumerate(fences(page, "sh"), 1)
]
COMMANDS = {
    command: page for page in PAGES for script in fences(page, "sh")
    for command in commands_in(script)
}  # fmt: skip
# What cannot be run by a test, and what is looked at instead.
# A pipe into `read -` is tried in tests/cli/test_main.py.
CHECKED_OTHERWISE = ("docker ", "export ", "scripts/", "OCR_JOBS=", "mkcert ", "pipenv sync ",
    "scanimage ", MEASUREMENT,
)  # fmt: skip
NOT_RUN = ("station ", "doctor", "read --socket ", "job ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples find their pictures."""
    folder = tmp_path_factory.mktemp("examples")
    for name in PICTURES:
        kind = "PNG" if name.endswith("png") else "JPEG"
        (folder / name).write_bytes(as_file(draw_lines("Hello"), kind))
    return folder


def run(
    *command: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own examples
        command, cwd=folder, env={**os.environ, **(environment or {})},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def is_for_curl(script: str) -> bool:
    return all(command.startswith(("curl ", "{ printf ")) for command in commands_in(script))


@pytest.fixture(scope="module")
def module_server(
    tmp_path_factory: pytest.TempPathFactory, module_tesseract: FakeTesseract
) -> Iterator[RunningServer]:
    """A server with the routes of all adapters."""
    folder = tmp_path_factory.mktemp("server")
    given = {"PATH": module_tesseract.path, "OCR_SLOTS": 1, "OCR_COMPAT": ",".join(ADAPTER_NAMES)}
    given["OCR_JOBS"] = folder / "jobs"
    with running_server(folder, **given) as server:
        yield server


def test_every_adapter_has_an_example_for_curl(app: Flask) -> None:
    (script,) = (one for one in fences(DOCS / "compatibility.md", "sh"))
    called = {path.partition("?")[0] for path in re.findall(rf"{ADDRESS}(/[^\s']*)", script)}

    for name, adapter in adapters_named(ADAPTER_NAMES).items():
        app.register_blueprint(adapter.blueprint, name=f"example-{name}")
    served = app.url_map.bind("")
    names = {
        served.match(path, method)[0].partition(".")[0].removeprefix("example-")
        for path in called
        for method in served.allowed_methods(path)
    }
    assert [name for name in ADAPTER_NAMES if name not in names] == []


@pytest.mark.process
@pytest.mark.parametrize("script", [one for one in SCRIPTS if is_for_curl(str(one.values[0]))])
def test_an_example_for_curl_is_answered(script: str, server: RunningServer, folder: Path) -> None:
    asked = script.replace(ADDRESS, server.url)
    asked = re.sub(r"\bcurl ", "curl --fail-with-body --silent --show-error ", asked)

    done = run("bash", "-eo", "pipefail", "-c", asked, folder=folder)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_curl_is_told_the_events_that_the_page_names(server: RunningServer, folder: Path) -> None:
    (script,) = (one for one in fences(DOCS / "api.md", "sh") if "x-ndjson" in one)
    members = {
        re.findall(r"`(\w+)`", event)[0]: set(re.findall(r"`(\w+)`", names))
        for event, names, _ in rows_under(DOCS / "api.md", "event")
    }

    done = run("sh", "-ec", script.replace(ADDRESS, server.url), folder=folder)
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert [event["event"] for event in events if event["event"] != "progress"] == [
        "accepted", "page", "end",
    ]  # fmt: skip
    assert all(set(event) - {"event"} == members[event["event"]] for event in events)


@pytest.mark.process
@pytest.mark.parametrize(
    "command",
    [
        command
        for command in COMMANDS
        if command.startswith(PROGRAM) and not command.removeprefix(PROGRAM).startswith(NOT_RUN)
    ],
)
def test_an_example_of_the_command_line_works(
    command: str, server: RunningServer, tesseract: FakeTesseract, folder: Path, tmp_path: Path
) -> None:
    arguments = shlex.split(command.removeprefix(PROGRAM).replace(ADDRESS, server.url))
    environment = {
        "PATH": tesseract.path, "PYTHONPATH": str(ROOT), "OCR_SLOTS": "1",
        "OCR_TEMP_DIR": str(tmp_path),
    }  # fmt: skip

    done = run(
        sys.executable, "-m", "ocr_server", *arguments, folder=folder, environment=environment
    )

    assert done.returncode == 0, done.stderr


def test_every_command_is_run_or_looked_at() -> None:
    unknown = [
        command
        for command in COMMANDS
        if not command.startswith(("curl ", "{ printf ", PROGRAM, *CHECKED_OTHERWISE))
    ]

    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_is_built_or_installed_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    categories = tomllib.loads((ROOT / "Pipfile").read_text(encoding="utf-8"))

    for argument in re.findall(r"--build-arg (\w+)=", text):
        assert f"\nARG {argument}=" in dockerfile
    for target in re.findall(r"--target ([\w-]+)", text):
        assert f" AS {target}\n" in dockerfile
    for names in re.findall(r'(?:--categories |CATEGORIES=)"([\w -]+)"', text):
        assert set(names.split()) <= set(categories)
    for name in re.findall(r"\bbenchmarks[./](\w+)", text):
        assert [*(ROOT / "benchmarks").glob(f"{name}.*")], name


@pytest.mark.process
@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one.startswith((MEASUREMENT, PROGRAM))]
)
def test_the_flags_of_a_command_exist(command: str) -> None:
    words = shlex.split(command)
    of_program = ("ocr_server", *words[3 : 5 if words[2:4] == ["ocr-server", "job"] else 4])
    known = help_of(*of_program) if command.startswith(PROGRAM) else help_of(words[2])

    flags = {word for word in words[3:] if word.startswith("--")}
    assert flags <= set(re.findall(r"--[\w-]+", known))


@cache
def help_of(*module_and_command: str) -> str:
    done = run(sys.executable, "-m", *module_and_command, "--help", folder=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("number", "name", "fields"),
    [(0, "plate", ["plate"]), (1, "registration", ["member", "newsletter"])],
)
def test_the_profiles_that_are_shown_are_understood(
    tmp_path: Path, number: int, name: str, fields: list[str]
) -> None:
    text = fences(DOCS / "fields.md", "toml")[number]
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    profile = load_profiles(str(tmp_path))[name]

    assert [field.name for field in profile.fields] == fields


@pytest.mark.parametrize(
    ("page", "number", "schema"),
    [
        (README, 0, "Document"),
        (DOCS / "api.md", 0, "Document"),
        (DOCS / "fields.md", 0, "Document"),
        (DOCS / "api.md", 1, "Frame"),
    ],
)
def test_an_answer_that_is_shown_is_one_of_ours(
    page: Path, number: int, schema: str, client: FlaskClient
) -> None:
    api = closed(client.get("/openapi.json").json)
    frame = api["paths"]["/v1/frames"]["post"]["responses"]["200"]["content"]["application/json"]
    named = {"Frame": frame["schema"], "Document": api["components"]["schemas"]["Document"]}

    jsonschema.validate(json_examples(page)[number], {**api, **named[schema]})


def closed(schema: Any) -> Any:  # noqa: ANN401  # JSON schema is of all kinds
    """The schema, refusing what it does not name; an example may leave members out."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {name: closed(one) for name, one in schema.items() if name != "required"}
    is_object = isinstance(schema.get("properties"), dict)
    return {"additionalProperties": False, **rest} if is_object else rest


def test_the_problem_that_is_shown_is_what_such_a_picture_gets(client: FlaskClient) -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (head, b"IDAT" + zlib.compress(b""), b"IEND")
    )

    answer = client.post("/v1/documents", data=picture, headers={"Content-Type": "image/png"})

    assert answer.json == json_examples(DOCS / "api.md")[2]
