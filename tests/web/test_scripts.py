from __future__ import annotations

import json
import re

import pytest
from flask.testing import FlaskClient

from ocr_server.export import FORMATS
from ocr_server.page.recipe import PICTURE_STAGES, STAGE_LABELS, STAGES
from ocr_server.web.scripts import declarations, modules_of


def test_modules_are_those_that_are_imported_through_others_too() -> None:
    modules = modules_of("upload/page.js")

    assert "upload/queue.js" in modules
    assert "lib/geometry.js" not in modules  # which only the desk needs, later
    assert "upload/page.js" not in modules
    assert modules_of("lib/theme.js") == ("lib/storage.js",)
    assert modules_of("lib/storage.js") == ()


def test_a_stage_that_can_be_left_out_is_declared_to_the_pages_with_its_label() -> None:
    assert tuple(STAGE_LABELS) == STAGES
    assert set(PICTURE_STAGES) < set(STAGES)


def test_every_format_is_declared_with_a_label_of_its_own() -> None:
    declared = declarations()["formats"]

    assert {one["name"] for one in declared} == set(FORMATS)
    assert len({one["label"] for one in declared}) == len(FORMATS)
    assert [one["name"] for one in declared][:3] == ["text", "pdf", "docx"]


def test_look_alikes_hold_letters_that_look_like_the_same_digit() -> None:
    pairs = declarations()["look_alikes"]

    assert {("rn", "m"), ("I", "1"), ("I", "l")} <= set(pairs)


@pytest.mark.parametrize("path", ["/", "/webcam"])
def test_a_page_bears_the_declarations_as_data(client: FlaskClient, path: str) -> None:
    page = client.get(path).text

    island = re.search(r'<script type="application/json" id="declarations">([^<]+)</script>', page)
    assert island
    assert json.loads(island[1]) == json.loads(json.dumps(declarations()))
