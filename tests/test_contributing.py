"""What CONTRIBUTING and the page on architecture name is where they say."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.documentation import DOCS, PAGES, ROOT, name_of

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
# A folder or a file in backticks; what has a slash but neither ends so is a media type.
PATH = re.compile(r"`((?:[\w.-]+/)+(?:\w+\.(?:py|md|yaml))?|\w+\.(?:py|md|toml))`")
TABLE = re.compile(r"`([A-Z]+)` \(`([\w/]+\.py)`\)")


def paths_in(page: Path) -> list[str]:
    return sorted(set(PATH.findall(page.read_text(encoding="utf-8"))))


def found(name: str) -> Path:
    """A path of the repository, or one inside the package."""
    path = ROOT / name
    return path if path.exists() else ROOT / "ocr_server" / name


@pytest.mark.parametrize(
    ("page", "name"),
    [
        pytest.param(page, name, id=f"{name_of(page)}-{name}")
        for page in (CONTRIBUTING, *sorted(DOCS.glob("*.md")))
        for name in paths_in(page)
    ],
)
def test_a_path_that_is_named_exists(page: Path, name: str) -> None:
    path = found(name)

    assert path.is_dir() if name.endswith("/") else path.exists()


@pytest.mark.parametrize(("table", "name"), TABLE.findall(CONTRIBUTING.read_text(encoding="utf-8")))
def test_a_table_that_is_named_is_there(table: str, name: str) -> None:
    source = found(name).read_text(encoding="utf-8")

    assert re.search(rf"^{table}\b.* = ", source, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_script_that_is_named_can_be_run(page: Path) -> None:
    named = set(re.findall(r"\bscripts/([a-z-]+)", page.read_text(encoding="utf-8")))

    assert {name for name in named if not os.access(ROOT / "scripts" / name, os.X_OK)} == set()
