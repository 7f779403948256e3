"""What the pages of docs/ tell is what the code does."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ocr_server import __version__, settings
from ocr_server.cli.main import main
from ocr_server.document.languages import MOST_LANGUAGES
from ocr_server.document.model import INCOMPLETE, LACKS_MEMORY
from ocr_server.engines import ENGINE_CHOICES
from ocr_server.extraction.check_digits import CHECKS
from ocr_server.extraction.finders import FINDERS
from ocr_server.imaging.operations import MOST_STEPS
from ocr_server.job import PSM_OF_LAYOUT
from ocr_server.page import language_stage, layer_verdict, quality, written_down
from ocr_server.page.recipe import RECIPE
from ocr_server.pdf import render
from ocr_server.request import specs
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.server.request_parser import PACE
from ocr_server.server.waitress_server import MOST_CONNECTIONS
from ocr_server.settings import Settings, variable
from ocr_server.station import listener
from ocr_server.web.auth import OPEN_PATHS
from ocr_server.web.compat import adapters_named
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, STATUS
from tests.documentation import (
    DOCS,
    PAGES,
    README,
    ROOT,
    anchors,
    as_table,
    links,
    name_of,
    names_under,
    rows_under,
    tokens_of,
)
from tests.licences import SHIPPED, categories_of_packages, licence_of

API, OPTIONS_PAGE, STATIONS = DOCS / "api.md", DOCS / "options.md", DOCS / "stations.md"
DEPLOYMENT = DOCS / "deployment.md"


def answer_of(client: FlaskClient, path: str) -> Any:  # noqa: ANN401  # JSON
    return json.loads(client.get(path).data)


def settings_table(_client: FlaskClient) -> str:
    rows = ((f"`{name}`", default, meaning) for name, default, meaning in settings.table())
    return as_table(["variable", "default", "meaning"], rows)


def options_table(_client: FlaskClient) -> str:
    rows = ((f"`{name}`", one.default, one.description) for name, one in OPTIONS.items())
    return as_table(["option", "default", "meaning"], rows)


def routes_table(client: FlaskClient) -> str:
    rows = (
        (f"`{method.upper()} {path}`", operation["summary"])
        for path, operations in answer_of(client, "/openapi.json")["paths"].items()
        for method, operation in operations.items()
    )
    return as_table(["route", "what it does"], rows)


def formats_table(client: FlaskClient) -> str:
    rows = (
        (f"`{one['name']}`", f"`{one['media_type']}`", f"`.{one['suffix']}`", one["meaning"])
        for one in answer_of(client, "/v1/formats")["formats"]
    )
    return as_table(["format", "media type", "suffix", "what it is"], rows)


def steps_table(client: FlaskClient) -> str:
    rows = (
        (
            f"`{step['name']}`",
            step["meaning"],
            "<br>".join(
                f"`{one['name']}`: {one['meaning']}; {one['default']:g}, "
                f"from {one['least']:g} to {one['most']:g} {one['unit']}".strip()
                for one in step["parameters"]
            ),
        )
        for step in answer_of(client, "/v1/steps")["steps"]
    )
    return as_table(["operation", "what it does", "parameters: default and range"], rows)


def profiles_table(client: FlaskClient) -> str:
    rows = (
        (
            f"`{one['name']}`",
            one["meaning"],
            f"`{one['finder']}`",
            ", ".join(f"`{name}`" for name in one["fields"]),
        )
        for one in answer_of(client, "/v1/profiles")["profiles"]
    )
    return as_table(["profile", "for", "finder", "fields"], rows)


def finders_table(_client: FlaskClient) -> str:
    rows = (
        (f"`{name}`", one.meaning, ", ".join(f"`{field}`" for field in one.names) or "any")
        for name, one in FINDERS.items()
    )
    return as_table(["finder", "looks for", "fields"], rows)


def problems_table(_client: FlaskClient) -> str:
    rows = sorted(
        (str(status), f"`{kind.code}`", kind.title)
        for kind, status in STATUS.items()
        if status != CLIENT_CLOSED_REQUEST
    )
    return as_table(["status", "code", "title"], rows)


def metrics_table(client: FlaskClient) -> str:
    text = client.get("/metrics").get_data(as_text=True)
    rows = (
        (f"`{name}`", kind, meaning)
        for name, meaning, kind in re.findall(r"# HELP (\w+) (.*)\n# TYPE \w+ (\w+)", text)
        if name.startswith("ocr_") and not name.endswith("_created")
    )
    return as_table(["metric", "type", "what it tells"], rows)


def adapters_table(_client: FlaskClient) -> str:
    rows = ((f"`{name}`", one.meaning) for name, one in adapters_named(["all"]).items())
    return as_table(["name", "serves"], rows)


def layers_table(_client: FlaskClient) -> str:
    """The modules and folders of the layers in `pyproject.toml`, and what each says it is."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = tools["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    rows = (
        (f"`{_path_of(name).relative_to(ROOT / 'ocr_server')}`".replace("/__init__.py", "/"),
         _first_line(_path_of(name)))
        for layer in layers
        for name in re.findall(r"\w+", layer)
    )  # fmt: skip
    return as_table(["module or folder", "what it holds"], rows)


def _path_of(name: str) -> Path:
    folder = ROOT / "ocr_server" / name
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _first_line(path: Path) -> str:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return words.partition("\n\n")[0].replace("\n", " ")


def licences_table(_client: FlaskClient) -> str:
    rows = (
        (f"`{name}`", licence_of(name), ", ".join(shipped).replace("default", "packages"))
        for name, categories in categories_of_packages().items()
        if (shipped := [one for one in SHIPPED if one in categories])
    )
    return as_table(["package", "licence", "category"], rows)


TABLES: dict[str, tuple[Path, Callable[[FlaskClient], str]]] = {
    "settings": (DOCS / "settings.md", settings_table),
    "options": (OPTIONS_PAGE, options_table),
    "steps": (OPTIONS_PAGE, steps_table),
    "routes": (API, routes_table),
    "formats": (API, formats_table),
    "problems": (API, problems_table),
    "metrics": (DOCS / "deployment.md", metrics_table),
    "profiles": (DOCS / "fields.md", profiles_table),
    "finders": (DOCS / "fields.md", finders_table),
    "adapters": (DOCS / "compatibility.md", adapters_table),
    "layers": (DOCS / "architecture.md", layers_table),
    "licences": (DOCS / "licences.md", licences_table),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_code(
    name: str, client: FlaskClient, pytestconfig: pytest.Config
) -> None:
    page, table_of = TABLES[name]
    head, foot = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    table = table_of(client)
    text = page.read_text(encoding="utf-8")
    if pytestconfig.getoption("--renew"):
        before, after = text.split(head)[0], text.split(foot)[1]
        text = f"{before}{head}{table}{foot}{after}"
        page.write_text(text, encoding="utf-8")

    assert text.split(head)[1].split(foot)[0] == table, "write it anew with --renew"


def test_every_route_is_told_and_every_route_that_is_told_exists(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method in {"GET", "POST"} and not rule.rule.startswith("/static/")
    }
    served = {(method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)) for method, path in served}
    told = set(re.findall(r"`(GET|POST) (/[\w/.{}]*)`", API.read_text(encoding="utf-8")))

    assert told <= served
    # What the pages themselves need is no promise to programs.
    assert served - told == {
        ("POST", "/"),
        ("POST", "/picture"),
        ("POST", "/picture/prepared"),
        ("GET", "/words/{language}.js"),
        ("GET", "/manifest.webmanifest"),
        ("GET", "/worker.js"),
        ("POST", "/share"),
    }


def test_tables_written_by_hand_name_everything_that_there_is() -> None:
    layouts = [
        (cells[0], int(cells[1])) for cells in rows_under(OPTIONS_PAGE, "name of the layout")
    ]

    assert names_under(OPTIONS_PAGE, "name") == list(ENGINE_CHOICES)
    assert names_under(OPTIONS_PAGE, "stage") == [name for name, _ in RECIPE]
    assert layouts == [(f"`{name}`", psm) for name, psm in PSM_OF_LAYOUT.items()]
    assert names_under(DOCS / "fields.md", "check rule") == list(CHECKS)


def test_the_problems_of_a_picture_are_all_told() -> None:
    sources = "".join(
        map(inspect.getsource, (quality, layer_verdict, language_stage, written_down, render))
    )
    codes = [INCOMPLETE, LACKS_MEMORY, *re.findall(r'Advice\(\s*"([\w-]+)"', sources)]
    (told,) = re.findall(
        r"The codes of `quality.problems` are (.*?)\.\n", API.read_text(encoding="utf-8"), re.DOTALL
    )

    assert sorted(re.findall(r"`([\w-]+)`", told)) == sorted(codes)


def test_the_options_of_render_and_the_open_paths_are_those_of_the_code() -> None:
    text = API.read_text(encoding="utf-8")
    (options,) = re.findall(r"Its options are (.*?)\.\n", text)
    (open_paths,) = re.findall(r"Open without one are `GET` of the pages, (.*?)\.\n", text, re.S)

    assert re.findall(r"`(\w+)`", options) == list(RENDERING_OPTIONS)
    assert set(re.findall(r"`(/\S+)`", open_paths)) == OPEN_PATHS


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (OPTIONS_PAGE, f"At most {MOST_STEPS} are taken."),
        (OPTIONS_PAGE, f"At most {MOST_LANGUAGES} are taken."),
        (OPTIONS_PAGE, f"They are JSON, at most {specs.MOST_ZONES}:"),
        (DOCS / "fields.md", f"one of them; at most {specs.MOST_WORDS} |"),
        (STATIONS, f"`timeout` ({listener.PICTURE_TIMEOUT_S:g} s for a picture)"),
        (DEPLOYMENT, f"from their first byte | {PACE.header_s:g} s |"),
        (DEPLOYMENT, f"in each {PACE.window_s:g} s | {PACE.least_bytes_per_s:,} bytes a second |"),
        (DEPLOYMENT, f"is not read | {PACE.idle_s:g} s |"),
        (DEPLOYMENT, f"does not read an answer for {PACE.last_bytes_s:g} s"),
        (DEPLOYMENT, f"connections in all | {MOST_CONNECTIONS:,},"),
        (STATIONS, f"`too-many-connections` ({listener.MOST_CONNECTIONS} are served)"),
    ],
)
def test_the_limits_are_those_of_the_code(page: Path, sentence: str) -> None:
    assert sentence in " ".join(page.read_text(encoding="utf-8").split())


def test_the_codes_that_close_a_connection_are_those_of_the_station() -> None:
    text = STATIONS.read_text(encoding="utf-8")
    (told,) = re.findall(r"After\n?(.*?) the connection is closed", text, re.DOTALL)
    source = inspect.getsource(listener)

    assert all(f'"{code}"' in source for code in re.findall(r"`([\w-]+)`", told))


def _help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return capsys.readouterr().out


def test_every_flag_of_read_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    given = set(re.findall(r"--[\w-]+", _help_of("read", capsys)))
    options = {f"--{name.replace('_', '-')}" for name in OPTIONS if name != "partial"}
    told = set(names_under(DOCS / "command-line.md", "flag"))

    assert {flag.split()[0] for flag in told} == given - options - {"--help"} | {"--format"}


def test_every_source_and_sink_of_a_station_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    given = set(re.findall(r"--[\w-]+", _help_of("station", capsys)))
    told = {*names_under(STATIONS, "source"), *names_under(STATIONS, "sink")}

    assert {flag.split()[0] for flag in told} == given - {
        "--help",
        "--journal",
        "--settle",
        "--trigger",
    }


def test_every_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    given = re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE)
    told = names_under(DOCS / "command-line.md", "command")

    assert [command.split()[0] for command in told] == given


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_variable_that_is_named_is_a_setting(page: Path) -> None:
    known = {variable(field) for field in fields(Settings)}
    if page.name == "cloud.md":
        known |= {"OCR_BASEURL", "OCR_API_KEY"}  # LibreChat's

    assert set(re.findall(r"\bOCR_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not _leads_somewhere(page, link)] == []


def _leads_somewhere(page: Path, link: str) -> bool:
    if link.startswith(("http://", "https://")):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def test_the_index_names_every_page() -> None:
    assert set(_linked_pages(DOCS / "README.md")) == set(DOCS.glob("*.md")) - {DOCS / "README.md"}


def test_every_page_can_be_reached_from_the_readme_at_once() -> None:
    assert set(_linked_pages(README)) == set(DOCS.glob("*.md")) - {DOCS / "README.md"}


def _linked_pages(page: Path) -> Iterator[Path]:
    for link in links(page):
        target = (page.parent / link.partition("#")[0]).resolve()
        if not link.startswith(("http", "#")) and target.parent == DOCS:
            yield target


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## [{__version__}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
def test_a_page_has_one_title(page: Path) -> None:
    assert [token.tag for token in tokens_of(page) if token.type == "heading_open"].count("h1") == 1
