"""The built-in profiles on drawn pictures, by the real engine."""

from __future__ import annotations

import json
from io import BytesIO
from random import Random

import pytest
from flask import Flask

from benchmarks.draw import SETS


@pytest.mark.tesseract
@pytest.mark.parametrize("name", ["mrz", "display", "label", "title-page"])
def test_a_profile_finds_all_the_fields_of_a_drawn_picture(name: str, real_app: Flask) -> None:
    drawn = SETS[name](Random(2))  # noqa: S311  # drawn, not secret
    file = BytesIO()
    drawn.picture.save(file, "PNG")

    response = real_app.test_client().post(
        "/v1/documents", query_string={"profile": name}, data=file.getvalue()
    )

    found = json.loads(response.data)["fields"]
    assert {field: found[field]["value"] or "" for field in drawn.fields} == drawn.fields
    assert [field for field in found if not found[field]["valid"]] == []
