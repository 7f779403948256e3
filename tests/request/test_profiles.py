from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.errors import SettingsError
from ocr_server.extraction.finders import FINDERS
from ocr_server.geometry import Box
from ocr_server.request.profiles import BUILT_IN, load_profiles
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords

PICTURE = as_file(draw_lines("Hello", width_px=400))
PLATE = """
meaning = "a number plate"
languages = ["eng", "deu"]
steps = ["contrast", "deskew(least_deg=0.5)"]
layout = "line"
rotation_deg = 90
crop_percent = [10, 0, 100, 50]

[[zones]]
name = "plate"
box_percent = [0, 0, 50, 100]
alphabet = "ABC123"

[fields.plate]
mask = "AAA-9999|AAA-9A99"
map = { O = "0", I = "1" }
pattern = "[A-Z]{3}-.*"
min_confidence = 0.4
"""
WRONG = """
colour = "red"
rotation_deg = "much"
crop = [10, 10, 5, 20]
layout = "round"
finder = "keeper"
[[zones]]
box = [1, 2]
[fields.total]
mask = "A||9"
map = { "1" = "O" }
check = "none"
pattern = "("
zone = "here"
size = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    return folder


@pytest.fixture
def client_with_plate(
    folder: Path, settings: Settings, engine: ReadsWords
) -> Iterator[FlaskClient]:
    (folder / "plate.toml").write_text(PLATE)
    app = create_app(replace(settings, profiles=str(folder)), InlineWorkers(engine))
    yield app.test_client()
    service_of(app).close()


def read(client: FlaskClient, **options: str) -> dict[str, Any]:
    response = client.post("/v1/documents", query_string=options, data=PICTURE)
    assert response.status_code == 200, response.data
    answer: dict[str, Any] = json.loads(response.data)
    return answer


def test_a_profile_is_options_and_fields_under_one_name(folder: Path) -> None:
    (folder / "plate.toml").write_text(PLATE)

    plate = load_profiles(str(folder))["plate"]

    assert plate.meaning == "a number plate"
    assert plate.options["languages"] == ("eng", "deu")
    assert plate.options["steps"] == ("contrast", "deskew(least_deg=0.5)")
    assert plate.options["layout"] == 7
    assert (plate.framing.rotation_deg, plate.framing.crop) == (90, Box(10, 0, 100, 50))
    (field,) = plate.fields
    assert field.character_map == (("O", "0"), ("I", "1"))
    assert (field.mask, field.min_confidence) == ("AAA-9999|AAA-9A99", 0.4)


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    (folder / "one.toml").write_text(WRONG)
    (folder / "two.toml").write_text("fields = 1\n")
    (folder / "three.toml").write_text("= nothing\n")
    (folder / "Four.toml").write_text("")

    with pytest.raises(SettingsError) as caught:
        load_profiles(str(folder))

    for words in (
        "one.toml: colour", "rotation_deg", "crop", "layout", "finder", "zones",
        "fields.total.mask",
        "fields.total.map", "fields.total.check", "fields.total.pattern", "fields.total.size",
        "fields.total.zone", "two.toml: fields", "three.toml: it cannot be read", "Four.toml",
    ):  # fmt: skip
        assert words in caught.value.message


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(" * 2000 + ")" * 2000])
def test_a_pattern_that_cannot_be_used_is_a_sentence(folder: Path, pattern: str) -> None:
    (folder / "odd.toml").write_text(f'[fields.total]\npattern = "{pattern}"\n')

    with pytest.raises(SettingsError, match=r"fields\.total\.pattern .* no regular expression"):
        load_profiles(str(folder))


def test_one_way_to_cut_is_enough(folder: Path) -> None:
    (folder / "cut.toml").write_text("crop = [0, 0, 9, 9]\ncrop_percent = [0, 0, 9, 9]\n")

    with pytest.raises(SettingsError, match="crop_percent stands beside crop"):
        load_profiles(str(folder))


def test_a_folder_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OCR_PROFILES"):
        load_profiles(str(tmp_path / "none"))


def test_a_field_that_its_finder_does_not_know_is_a_fault(folder: Path) -> None:
    (folder / "papers.toml").write_text('finder = "mrz"\n[fields.colour]\n')

    with pytest.raises(SettingsError, match="colour is not known to the finder mrz"):
        load_profiles(str(folder))


def test_every_built_in_profile_says_what_it_is_for() -> None:
    profiles = load_profiles("")

    assert {path.stem for path in BUILT_IN.glob("*.toml")} == profiles.keys()
    assert profiles.keys() >= {"mrz", "display", "receipt", "label", "title-page", "code"}
    assert all(profile.meaning and profile.fields for profile in profiles.values())


def test_the_profiles_are_listed(client: FlaskClient) -> None:
    listed = json.loads(client.get("/v1/profiles").data)["profiles"]

    display = next(one for one in listed if one["name"] == "display")
    assert display["fields"] == ["value"]
    assert {one["finder"] for one in listed} <= FINDERS.keys()


def test_a_profile_reads_as_it_says_and_what_is_asked_beside_it_comes_first(
    client_with_plate: FlaskClient, engine: ReadsWords
) -> None:
    read(client_with_plate, profile="plate")
    read(client_with_plate, profile="plate", languages="deu", layout="block", steps="none")

    first, *_, last = engine.readings
    assert (first.languages, first.alphabet) == (("eng", "deu"), "ABC123")
    assert last.languages == ("deu",)


def test_the_answer_has_the_fields_with_their_places_on_the_picture_that_was_sent(
    client_with_plate: FlaskClient, engine: ReadsWords
) -> None:
    engine.words = ("ABC-10O4",)

    answer = read(client_with_plate, profile="plate", steps="none")

    plate = answer["fields"]["plate"]
    assert (plate["value"], plate["raw"], plate["valid"]) == ("ABC-1004", "ABC-10O4", True)
    # Read along the left edge of the turned picture, from its bottom up, is where the word was:
    # at the top left of the cut, which is a tenth of the height of the picture above its bottom.
    page = answer["pages"][0]
    assert answer["fields"] == {"plate": {**page["fields"]["plate"], "page": 1}}
    left, top, right, bottom = plate["box"]
    assert (left, right) == (0, 20)
    assert bottom == pytest.approx(0.9 * page["height_px"], abs=1)
    assert 0 < bottom - top < 80  # the word reaches beyond the region, and is cut off there


def test_what_breaks_a_rule_is_said(client_with_plate: FlaskClient, engine: ReadsWords) -> None:
    engine.words = ("ABC1234",)

    plate = read(client_with_plate, profile="plate", steps="none")["fields"]["plate"]

    assert (plate["value"], plate["valid"]) == ("ABC1234", False)
    assert plate["reason"] == "does not fit the mask AAA-9999|AAA-9A99"


def test_fields_may_be_asked_without_a_profile(client: FlaskClient) -> None:
    fields = json.dumps({"greeting": {"mask": "AAAAA"}, "world": {"after": ["hello"]}})

    found = read(client, fields=fields, steps="none")["fields"]

    assert {name: field["value"] for name, field in found.items()} == {
        "greeting": "Hello", "world": "world",
    }  # fmt: skip


def test_an_answer_without_fields_has_none(client: FlaskClient) -> None:
    answer = read(client)

    assert "fields" not in answer
    assert "fields" not in answer["pages"][0]


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("profile", "nobody", "no such profile; there are barcode, code, display"),
        ("fields", "[]", "an object is expected"),
        ("fields", '{"a": {"pattern": "(a+)+"}}', "pattern is not known here"),
        ("fields", '{"a": {"mask": ""}}', "a.mask is not understood: use A for a letter"),
        ("fields", "{", 'use JSON such as {"lot"'),
        ("zones", '[{"box_percent": [0, 0, 101, 50]}]', "from 0 to 100"),
    ],
)
def test_what_is_not_understood_is_a_fault(
    option: str, text: str, said: str, client: FlaskClient
) -> None:
    response = client.post("/v1/documents", query_string={option: text}, data=PICTURE)

    assert response.status_code == 400
    (fault,) = json.loads(response.data)["faults"]
    assert fault["field"] == option
    assert said in fault["message"]


def test_a_zone_in_per_cent_is_read_where_it_is(app: Flask, engine: ReadsWords) -> None:
    zones = json.dumps([{"name": "right", "box_percent": [50, 0, 100, 100]}])

    page = read(app.test_client(), zones=zones)["pages"][0]

    assert page["zones"][0]["box"] == [200, 0, 400, page["height_px"]]
