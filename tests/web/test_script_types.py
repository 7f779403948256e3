from __future__ import annotations

from pathlib import Path

import pytest

import ocr_server
from tests.web.script_types import write_types

TYPES = Path(ocr_server.__file__).parent / "static" / "js" / "lib" / "answers.js"


def test_the_scripts_have_the_types_of_the_schema(pytestconfig: pytest.Config) -> None:
    text = write_types()
    if pytestconfig.getoption("--renew"):
        TYPES.write_text(text, encoding="utf-8")

    assert TYPES.read_text(encoding="utf-8") == text, "write it anew with --renew"
