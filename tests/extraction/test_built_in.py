"""The built-in profiles on drawn pictures, by the real engine."""

from __future__ import annotations

import json
from io import BytesIO
from random import Random

import pytest
from flask import Flask

from benchmarks.draw import SETS
from benchmarks.forms import PRINT_FONT, Sheet


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


@pytest.mark.tesseract
@pytest.mark.rapidocr
def test_a_form_is_read_box_by_box_and_line_by_line(real_app: Flask) -> None:
    sheet = Sheet(Random(3), PRINT_FONT, ink=90, strokes_px=4)  # noqa: S311  # drawn, not secret
    sheet.label(80, 60, "Application for membership", 34)
    for number, (label, cells, text) in enumerate(
        (("Surname", 10, "MILLER"), ("Member no.", 10, "8073021571"), ("First name", 10, ""))
    ):
        y = 140 + 110 * number
        sheet.label(80, y, label)
        sheet.comb(80, y + 20, cells, text)
    sheet.line(sheet.label(80, 500, "Date") + 14, 514, 300, "24.07.2026", boxed=False)
    x = 80.0
    for status in ("single", "married", "widowed"):
        x = sheet.tick(x, 600, status, ticked=status == "married") + 40
    file = BytesIO()
    sheet.picture().save(file, "PNG")

    response = real_app.test_client().post(
        "/v1/documents", query_string={"profile": "form"}, data=file.getvalue()
    )

    fields = json.loads(response.data)["fields"]
    found = {name: field["value"] for name, field in fields.items() if field["valid"]}
    assert found == {
        "surname": "MILLER", "number": "8073021571", "first_name": None, "date": "24.07.2026",
        "status": "married",
    }  # fmt: skip
