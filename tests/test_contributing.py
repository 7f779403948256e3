from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`([\w/]+\.py)`", MAP)))
TABLES = re.findall(r"`([A-Z]+)` \(`([\w/]+\.py)`\)", MAP)


def _source(name: str) -> Path:
    path = ROOT / name
    return path if path.exists() else ROOT / "ocr_server" / name


@pytest.mark.parametrize("name", FILES)
def test_the_map_names_files_that_exist(name: str) -> None:
    assert _source(name).is_file()


@pytest.mark.parametrize(("table", "name"), TABLES)
def test_the_map_names_tables_where_they_are(table: str, name: str) -> None:
    source = _source(name).read_text(encoding="utf-8")

    assert re.search(rf"^{table}\b.* = ", source, re.MULTILINE)
