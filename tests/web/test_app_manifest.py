from __future__ import annotations

from io import BytesIO

import pytest
from flask.testing import FlaskClient

from tests.drawing import as_file, draw_lines


@pytest.mark.parametrize(
    ("language", "direction", "begins"),
    [("de", "ltr", "Liest den Text"), ("ar", "rtl", "")],
)
def test_the_app_says_how_files_are_shared_with_it(
    client: FlaskClient, language: str, direction: str, begins: str
) -> None:
    answer = client.get("/manifest.webmanifest", headers={"Accept-Language": language})

    assert answer.mimetype == "application/manifest+json"
    manifest = answer.get_json()
    assert (manifest["lang"], manifest["dir"]) == (language, direction)
    assert manifest["description"].startswith(begins)
    target = manifest["share_target"]
    assert target["action"] == "share"
    assert {"image/*", "application/pdf", ".heic"} <= set(target["params"]["files"][0]["accept"])
    for icon in manifest["icons"]:
        assert client.get(f"/{icon['src']}").status_code == 200


def test_addresses_of_the_app_hold_below_any_path(client: FlaskClient) -> None:
    manifest = client.get("/manifest.webmanifest", base_url="http://localhost/below").get_json()

    assert manifest["start_url"] == manifest["scope"] == "./"
    assert manifest["icons"][0]["src"] == "static/img/mark.svg"


def test_the_worker_is_a_script_that_is_asked_for_anew(client: FlaskClient) -> None:
    answer = client.get("/worker.js")

    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/worker.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_what_is_shared_before_there_is_a_worker_is_read(client: FlaskClient) -> None:
    picture = BytesIO(as_file(draw_lines("Hello")))
    answer = client.post("/share", data={"file": (picture, "shared.png")})

    assert answer.status_code == 200
    assert "shared.png" in answer.get_data(as_text=True)
