"""What the server and the scripts of the pages decide alike, by one table of examples.

`tests/js/twins.test.js` holds the scripts to the same table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ocr_server.document.characters import has_blank
from ocr_server.document.line_ends import joined

TWINS: dict[str, list[Any]] = json.loads(
    (Path(__file__).parent / "data" / "twins.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("lines", "expected"), TWINS["joined"])
def test_only_a_parted_word_is_made_whole(lines: list[str], expected: str) -> None:
    assert joined(lines) == expected


@pytest.mark.parametrize(("before", "after", "expected"), TWINS["blank_between"])
def test_a_blank_stands_only_between_scripts_that_have_it(
    before: str, after: str, expected: bool
) -> None:
    assert has_blank(before, after) is expected
