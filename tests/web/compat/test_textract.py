from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, TestResponse

from ocr_server.document.model import Document, ZoneKind
from ocr_server.service import Service
from ocr_server.web.compat.textract_blocks import document_blocks
from ocr_server.web.gate import refusal_of
from tests.export.documents import document, numbered_pages, page, table_of, word, zone
from tests.export.tables import table_zone

Blocks = list[dict[str, Any]]


def call(
    client: FlaskClient, operation: str, sent: object, path: str = "/", **more: object
) -> TestResponse:
    return client.post(
        path,
        json={"Document": sent, **more},
        headers={"X-Amz-Target": f"Textract.{operation}"},
    )


S3 = {"S3Object": {"Bucket": "b", "Name": "n"}}


def file(data: bytes) -> dict[str, str]:
    return {"Bytes": b64encode(data).decode()}


def blocks(shown: Document, *features: str) -> Blocks:
    return list(document_blocks(shown, features))


def of_kind(told: Blocks, kind: str) -> Blocks:
    return [one for one in told if one["BlockType"] == kind]


def children(told: Blocks, block: dict[str, Any]) -> Blocks:
    by_id = {one["Id"]: one for one in told}
    relations = block.get("Relationships", [])
    return [by_id[id_] for relation in relations for id_ in relation["Ids"]]


@pytest.mark.parametrize("path", ["/", "", "/textract"])
def test_text_is_told_as_lines_and_words(client: FlaskClient, two_pages: bytes, path: str) -> None:
    answer = call(client, "DetectDocumentText", file(two_pages), path).get_json(force=True)

    assert answer["DocumentMetadata"] == {"Pages": 2}
    assert answer["DetectDocumentTextModelVersion"]
    lines = of_kind(answer["Blocks"], "LINE")
    assert [(one["Page"], one["Text"]) for one in lines] == [(1, "Fish <&>"), (2, "Fish <&>")]
    assert [one["Text"] for one in children(answer["Blocks"], lines[0])] == ["Fish", "<&>"]


def test_the_form_of_the_pages_is_still_at_the_root(client: FlaskClient) -> None:
    assert client.post("/", data={}).mimetype == "text/html"


def test_a_request_to_the_root_is_known_before_its_body_is_there(
    app: Flask, service: Service
) -> None:
    service.admission.drain(0)
    builder = EnvironBuilder("/", method="POST")
    builder.headers["X-Amz-Target"] = "Textract.DetectDocumentText"
    environ = builder.get_environ()

    assert refusal_of(app, environ) is not None
    assert environ["PATH_INFO"] == "/textract"


def test_features_that_are_not_there_are_left_out(client: FlaskClient, picture: bytes) -> None:
    features = ["TABLES", "LAYOUT", "FORMS", "QUERIES", "SIGNATURES"]
    answer = call(client, "AnalyzeDocument", file(picture), FeatureTypes=features).get_json(
        force=True
    )

    assert answer["AnalyzeDocumentModelVersion"]
    kinds = {one["BlockType"] for one in answer["Blocks"]}
    assert kinds == {"PAGE", "LINE", "WORD", "LAYOUT_TEXT"}


@pytest.mark.parametrize(
    ("operation", "sent", "type_"),
    [
        ("DetectDocumentText", S3, "InvalidS3ObjectException"),
        ("StartDocumentAnalysis", {}, "InvalidS3ObjectException"),
        ("GetDocumentAnalysis", {}, "InvalidS3ObjectException"),
        ("AnalyzeID", {}, "UnknownOperationException"),
        ("DetectDocumentText", {}, "InvalidParameterException"),
        ("DetectDocumentText", 7, "InvalidParameterException"),
        ("DetectDocumentText", {"Bytes": "%"}, "InvalidParameterException"),
        ("DetectDocumentText", file(b""), "UnsupportedDocumentException"),
        ("DetectDocumentText", file(b"words"), "UnsupportedDocumentException"),
        ("DetectDocumentText", file(b"GIF8 no more"), "BadDocumentException"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_type(
    client: FlaskClient, operation: str, sent: object, type_: str
) -> None:
    answer = call(client, operation, sent)

    assert (answer.status_code, answer.get_json(force=True)["__type"]) == (400, type_)
    assert answer.get_json(force=True)["message"]


def test_features_that_nobody_knows_are_refused(client: FlaskClient, picture: bytes) -> None:
    answer = call(client, "AnalyzeDocument", file(picture), FeatureTypes=["FACES"])

    assert answer.get_json(force=True)["__type"] == "InvalidParameterException"


def test_places_are_shares_of_the_page_and_confidences_to_100() -> None:
    told = blocks(document(page(zone("Fish"))))

    (first,) = of_kind(told, "WORD")
    assert first["Confidence"] == 90
    assert first["Geometry"]["BoundingBox"] == {
        "Left": 0.066667, "Top": 0.075, "Width": 0.066667, "Height": 0.05,
    }  # fmt: skip
    assert first["Geometry"]["Polygon"][0] == {"X": 0.066667, "Y": 0.075}
    assert "Relationships" not in first


def test_ids_are_given_once_and_lead_somewhere() -> None:
    shown = document(page(zone("Fish"), table_of(word("x", 0, -8))), page(zone("end"), number=2))
    told = blocks(shown, "TABLES", "LAYOUT")

    ids = [one["Id"] for one in told]
    assert len(set(ids)) == len(ids)
    for one in told:
        assert all(child["Page"] == one["Page"] for child in children(told, one))


def test_a_table_has_cells_with_their_words() -> None:
    told = blocks(document(page(zone("Fish"), table_of(word("x", 0, -8)))), "TABLES")

    (table,) = of_kind(told, "TABLE")
    (cell,) = children(told, table)
    assert (cell["RowIndex"], cell["ColumnIndex"], cell["Confidence"]) == (1, 2, 90)
    assert [one["Text"] for one in children(told, cell)] == ["x"]
    (sheet,) = of_kind(told, "PAGE")
    assert [one["BlockType"] for one in children(told, sheet)] == ["LINE", "LINE", "TABLE"]
    assert of_kind(blocks(document(page(table_of(word("x", 0, -8))))), "TABLE") == []


def test_the_layout_says_what_lines_are() -> None:
    title = zone("The title")
    title = replace(title, lines=(replace(title.lines[0], x_height_px=24),))
    figure = replace(zone("x", top=300), lines=(), kind=ZoneKind.PICTURE)
    body = zone("Plain words that are\nmore than those above", top=90)
    shown = page(title, body, table_of(word("x", 0, -8)), figure)

    told = blocks(document(shown), "LAYOUT")

    layout = [one for one in told if one["BlockType"].startswith("LAYOUT_")]
    assert [one["BlockType"] for one in layout] == [
        "LAYOUT_TITLE", "LAYOUT_TEXT", "LAYOUT_TABLE", "LAYOUT_FIGURE",
    ]  # fmt: skip
    assert [[line["Text"] for line in children(told, one)] for one in layout] == [
        ["The title"], ["Plain words that are", "more than those above"], ["x"], [],
    ]  # fmt: skip


def test_the_layout_tells_heads_feet_numbers_and_lists() -> None:
    listed = document(page(zone("We need:\n• the first\n• the second")))

    running = blocks(numbered_pages(), "LAYOUT")
    lists = blocks(listed, "LAYOUT")

    for name in ("HEADER", "FOOTER", "PAGE_NUMBER", "TEXT"):
        assert len(of_kind(running, f"LAYOUT_{name}")) == 3
    (whole,) = of_kind(lists, "LAYOUT_LIST")
    items = children(lists, whole)
    assert [children(lists, item)[0]["Text"] for item in items] == ["• the first", "• the second"]


def test_heads_of_columns_and_handwriting_are_told() -> None:
    table = table_zone(["Item", "Sum"], ["Tea", "2"], header_rows=1)
    written = zone("Best wishes", top=200)
    written = replace(written, lines=(replace(written.lines[0], handwritten=True),))

    told = blocks(document(page(table, written)), "TABLES")

    heads = [one.get("EntityTypes") for one in of_kind(told, "CELL")]
    assert heads == [["COLUMN_HEADER"], ["COLUMN_HEADER"], None, None]
    kinds = {one["Text"]: one["TextType"] for one in of_kind(told, "WORD")}
    assert (kinds["Tea"], kinds["wishes"]) == ("PRINTED", "HANDWRITING")
