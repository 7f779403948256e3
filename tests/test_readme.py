"""What the README promises is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from ocr_server import settings
from ocr_server.web.options import OPTIONS

README = Path(__file__).parent.parent / "README.md"


def rows(name: str) -> list[list[str]]:
    """The cells of the README's table between `<!-- name -->` and `<!-- /name -->`."""
    between = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text(), re.DOTALL)
    assert between, f"the README has no table of {name}"
    lines = between[1].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def as_table(head: list[str], body: Iterable[Iterable[str]]) -> str:
    """Markdown to paste when this test fails."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


TABLES = {
    "settings": (
        ["variable", "default", "meaning"],
        [[f"`{name}`", f"`{default}`" if default else "–", meaning]
         for name, default, meaning in settings.table()],
    ),
    "options": (
        ["option", "default", "meaning"],
        [[f"`{name}`", option.default, option.meaning] for name, option in OPTIONS.items()],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_the_readme_are_those_of_the_code(name: str) -> None:
    head, body = TABLES[name]

    assert rows(name) == body, f"paste into the README:\n{as_table(head, body)}"
