"""What the README promises is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask

from ocr_server import settings
from ocr_server.errors import TooManyPixels
from ocr_server.request.options import OPTIONS
from ocr_server.web.compat import COMPAT

README = Path(__file__).parent.parent / "README.md"
ROUTE = re.compile(r"`(GET|POST) (/[\w/.]*)`")


def as_table(head: list[str], body: Iterable[Iterable[str]]) -> str:
    rows = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


TABLES = {
    "settings": as_table(
        ["variable", "default", "meaning"],
        ((f"`{name}`", default, meaning) for name, default, meaning in settings.table()),
    ),
    "options": as_table(
        ["option", "default", "meaning"],
        ((f"`{name}`", option.default, option.meaning) for name, option in OPTIONS.items()),
    ),
    "rivals": as_table(
        ["name", "serves"], ((f"`{name}`", rival.meaning) for name, rival in COMPAT.items())
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_the_readme_are_those_of_the_code(
    name: str, pytestconfig: pytest.Config
) -> None:
    head, foot = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    text = README.read_text()
    if pytestconfig.getoption("--renew"):
        before, after = text.split(head)[0], text.split(foot)[1]
        text = f"{before}{head}{TABLES[name]}{foot}{after}"
        README.write_text(text)

    assert text.split(head)[1].split(foot)[0] == TABLES[name]


def test_every_route_of_the_readme_exists_and_every_public_one_is_in_it(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method in {"GET", "POST"} and not rule.rule.startswith("/static/")
    }
    # The rivals' routes have tests of their own.
    told = set(ROUTE.findall(README.read_text().replace(TABLES["rivals"], "")))

    assert told - {("POST", "/")} <= served
    # What the pages themselves need is no promise to programs.
    assert served - told <= {
        ("POST", "/"),
        ("POST", "/picture"),
        ("POST", "/picture/prepared"),
        ("GET", "/about"),
    }


def test_the_problem_that_the_readme_shows_is_one_of_ours() -> None:
    assert f'"code": "{TooManyPixels.code}"' in README.read_text()
