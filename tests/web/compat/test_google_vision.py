from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from ocr_server.document.model import Page
from ocr_server.web.compat.google_text import file_annotations, picture_annotations
from tests.drawing import as_pages, draw_lines
from tests.export.documents import line, page, zone
from tests.fakes import ReadsWords

TEXT = [{"type": "DOCUMENT_TEXT_DETECTION"}]
BREAKS = {"SPACE": " ", "EOL_SURE_SPACE": "\n", "HYPHEN": "-\n", "LINE_BREAK": "\n"}


def image(data: bytes, **more: object) -> dict[str, Any]:
    return {"image": {"content": b64encode(data).decode()}, "features": TEXT, **more}


def annotate(client: FlaskClient, *requests: object, path: str = "/v1/images") -> Any:  # noqa: ANN401
    answer = client.post(f"{path}:annotate", json={"requests": requests})
    assert answer.status_code == 200
    return answer.get_json()["responses"]


def spelt(full: dict[str, Any]) -> str:
    """The text of the symbols and breaks of a full text annotation."""
    text = ""
    for shown in full["pages"]:
        words = (
            word
            for block in shown["blocks"]
            for paragraph in block["paragraphs"]
            for word in paragraph["words"]
        )
        for word in words:
            for symbol in word["symbols"]:
                break_ = symbol.get("property", {}).get("detectedBreak", {}).get("type")
                text += symbol["text"] + BREAKS.get(break_, "")
    return text


def told_of(shown: Page) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(picture_annotations(shown)))
    return made


@pytest.mark.parametrize(
    "path", ["/v1/images", "/v1p3beta1/projects/p/images", "/v1/projects/p/locations/eu/images"]
)
@pytest.mark.parametrize("kind", [5, 11, "TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION"])
def test_pictures_are_told_as_text_and_words(
    client: FlaskClient, picture: bytes, path: str, kind: object
) -> None:
    features = [{"type": "LABEL_DETECTION"}, {"type": kind}]
    (told,) = annotate(client, image(picture, features=features), path=path)

    assert [one["description"] for one in told["textAnnotations"]] == ["Fish <&>", "Fish", "<&>"]
    assert told["fullTextAnnotation"]["text"] == spelt(told["fullTextAnnotation"]) == "Fish <&>"


def test_hints_that_are_not_installed_are_left_out(
    client: FlaskClient, picture: bytes, engine: ReadsWords
) -> None:
    annotate(client, image(picture, imageContext={"languageHints": ["xx", "de-CH"]}))
    annotate(client, image(picture, imageContext={"languageHints": ["xx", "German", "ger"]}))
    annotate(client, image(picture, imageContext={"languageHints": ["xx"]}))

    assert [one.languages for one in engine.readings] == [("deu",), ("deu",), ("eng",)]
    assert all(one.symbols for one in engine.readings)


def test_the_log_counts_the_hints_that_are_left_out(
    client: FlaskClient, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="ocr_server")
    annotate(client, image(picture, imageContext={"languageHints": ["xx", "de", "Klingon"]}))

    assert [getattr(record, "hints_left_out", None) for record in caplog.records] == [2]
    assert "Klingon" not in caplog.text


def test_several_pictures_are_answered_one_by_one(client: FlaskClient, picture: bytes) -> None:
    urlsafe = {"image": {"content": urlsafe_b64encode(picture).decode()}, "features": TEXT}
    told = annotate(client, image(picture[:40]), urlsafe, image(picture, features=[{"type": 4}]))

    assert [one.get("error", {}).get("code") for one in told] == [3, None, 3]
    assert "damaged" in told[0]["error"]["message"]


def test_a_blank_picture_is_an_empty_answer(client: FlaskClient, blank: bytes) -> None:
    assert annotate(client, image(blank)) == [{}]


def test_pages_of_a_file_are_told_in_shares_of_their_sides(
    client: FlaskClient, two_pages: bytes
) -> None:
    config = {"mimeType": "image/tiff", "content": b64encode(two_pages).decode()}
    (told,) = annotate(client, {"inputConfig": config, "features": TEXT}, path="/v1/files")
    (last,) = annotate(
        client, {"inputConfig": config, "features": TEXT, "pages": [-1]}, path="/v1/files"
    )

    assert told["totalPages"] == 2
    assert [one["context"]["pageNumber"] for one in told["responses"]] == [1, 2]
    assert [one["context"]["pageNumber"] for one in last["responses"]] == [2]
    first = told["responses"][0]["fullTextAnnotation"]["pages"][0]["blocks"][0]
    vertices = first["boundingBox"]["normalizedVertices"]
    assert all(0 <= vertex[axis] <= 1 for vertex in vertices for axis in "xy")


def test_a_page_that_failed_is_an_error_beside_the_others(client: FlaskClient) -> None:
    data = as_pages([draw_lines("Fish"), draw_lines("Fish").resize((9, 40_000))])
    config = {"content": b64encode(data).decode()}
    (told,) = annotate(client, {"inputConfig": config, "features": TEXT}, path="/v1/files")

    good, bad = told["responses"]
    assert good["fullTextAnnotation"]["text"] == "Fish <&>"
    assert (bad["error"]["code"], bad["context"]) == (3, {"pageNumber": 2})


@pytest.mark.parametrize("pages", [[1, 2, 3, 4, 5, 6], ["1"], [0], [3]])
def test_pages_that_cannot_be_read_are_refused(
    client: FlaskClient, two_pages: bytes, pages: list[object]
) -> None:
    sent = {"inputConfig": {"content": b64encode(two_pages).decode()}, "features": TEXT}
    (told,) = annotate(client, {**sent, "pages": pages}, path="/v1/files")

    assert told["error"]["code"] == 3


def test_nothing_is_fetched(client: FlaskClient) -> None:
    source = {"source": {"imageUri": "http://localhost/x.png"}}
    bucket = {"gcsSource": {"uri": "gs://x/y"}}

    (picture,) = annotate(client, {"image": source, "features": TEXT})
    (file,) = annotate(client, {"inputConfig": bucket, "features": TEXT}, path="/v1/files")
    later = client.post("/v1/files:asyncBatchAnnotate", json={"requests": []})

    assert picture["error"]["code"] == file["error"]["code"] == 3
    assert (later.status_code, later.get_json()["error"]["status"]) == (501, "UNIMPLEMENTED")


@pytest.mark.parametrize("body", [{}, {"requests": 7}, {"requests": [{}] * 17}])
def test_a_request_that_is_none_is_refused(client: FlaskClient, body: object) -> None:
    answer = client.post("/v1/images:annotate", json=body)

    assert answer.status_code == 400
    assert answer.get_json()["error"]["status"] == "INVALID_ARGUMENT"


def test_lines_paragraphs_and_blocks_end_in_breaks_of_their_own() -> None:
    shown = page(zone("The fox jum-\nped over\n5-\n6", "a new one"), zone("block", top=300))

    told = told_of(shown)["fullTextAnnotation"]

    assert told["text"] == "The fox jum-\nped over\n5-\n6\na new one\nblock"
    assert spelt(told) == told["text"]
    words = told["pages"][0]["blocks"][0]["paragraphs"][0]["words"]
    assert [symbol["text"] for symbol in words[2]["symbols"]] == ["j", "u", "m"]
    ends = [word["symbols"][-1].get("property", {}).get("detectedBreak") for word in words]
    assert [end["type"] for end in ends] == [
        "SPACE", "SPACE", "HYPHEN", "SPACE", "EOL_SURE_SPACE", "EOL_SURE_SPACE", "LINE_BREAK",
    ]  # fmt: skip


def test_places_are_whole_pixels_and_begin_at_the_begin_of_the_text() -> None:
    shown = page(zone("Fish"))
    moved = replace(shown.zones[0].lines[0].words[0], symbols=())
    lines = (replace(line("Fish", 30.4), words=(moved,)),)
    told = told_of(replace(shown, zones=(replace(shown.zones[0], lines=lines),)))

    word = told["textAnnotations"][1]["boundingPoly"]["vertices"]
    assert word == [{"x": 40, "y": 30}, {"x": 80, "y": 30}, {"x": 80, "y": 50}, {"x": 40, "y": 50}]
    symbols = told["fullTextAnnotation"]["pages"][0]["blocks"][0]["paragraphs"][0]["words"][0]
    lefts = [symbol["boundingBox"]["vertices"][0]["x"] for symbol in symbols["symbols"]]
    assert lefts == [40, 50, 60, 70]
    assert told["textAnnotations"][0]["locale"] == "en"


def test_the_size_of_a_page_of_a_file_is_in_points() -> None:
    told = file_annotations(page(zone("Fish")))["fullTextAnnotation"]["pages"][0]

    assert (told["width"], told["height"]) == (432, 288)
