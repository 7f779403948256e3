from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocr_server.web.compat.docling_document import docling_document
from tests.drawing import as_file, as_pages, draw_lines
from tests.export.documents import document, numbered_pages, page, table_of, word, zone
from tests.fakes import ReadsWords


def convert(
    client: FlaskClient,
    data: bytes,
    path: str = "file",
    **fields: Any,  # noqa: ANN401  # as the test client takes
) -> TestResponse:
    form = {"files": (BytesIO(data), "scan.png"), **fields}
    return client.post(f"/v1/convert/{path}", data=form)


def test_markdown_is_what_is_made_where_nothing_else_is_asked_for(
    client: FlaskClient, picture: bytes
) -> None:
    answer = convert(client, picture).get_json()

    assert answer["status"] == "success"
    assert answer["document"] == {
        "filename": "scan.png", "md_content": "Fish \\<\\&\\>\n\n", "json_content": None,
        "html_content": None, "text_content": None, "doctags_content": None,
    }  # fmt: skip


def test_every_format_can_be_asked_for(client: FlaskClient, picture: bytes) -> None:
    answer = convert(client, picture, to_formats=["md", "text", "html", "json"]).get_json()

    made = answer["document"]
    assert made["text_content"] == "Fish <&>\n"
    assert "<p>Fish &lt;&amp;&gt;</p>" in made["html_content"]
    assert made["json_content"]["texts"][0]["text"] == "Fish <&>"


def test_a_source_is_base64_in_json(
    client: FlaskClient, two_pages: bytes, engine: ReadsWords
) -> None:
    source = {"kind": "file", "base64_string": b64encode(two_pages).decode(), "filename": "a.tif"}
    options = {"to_formats": ["text"], "page_range": [2, 2**63 - 1], "ocr_lang": ["de"]}
    answer = client.post("/v1/convert/source", json={"sources": [source], "options": options})

    assert answer.get_json()["document"]["text_content"] == "Fish <&>\n"
    assert engine.readings[-1].languages == ("deu",)


def test_a_task_is_done_at_once_and_its_result_kept(client: FlaskClient, picture: bytes) -> None:
    task = convert(client, picture, "file/async").get_json()
    polled = client.get(f"/v1/status/poll/{task['task_id']}?wait=5").get_json()
    answer = client.get(f"/v1/result/{task['task_id']}").get_json()

    assert (task["task_status"], polled) == ("success", task)
    assert answer["document"]["md_content"].startswith("Fish")
    for path in ("status/poll/0", "result/0"):
        missing = client.get(f"/v1/{path}")
        assert (missing.status_code, missing.get_json()) == (404, {"detail": "Task not found."})


def test_the_client_is_told_that_nothing_is_stored_elsewhere(
    client: FlaskClient, picture: bytes
) -> None:
    answer = convert(client, picture, "file/async", target_type="presigned_url")

    assert answer.status_code == 422
    assert "artifact storage to be configured" in answer.get_json()["detail"]


def test_pages_that_failed_are_named(client: FlaskClient) -> None:
    good, too_long = draw_lines("Fish"), draw_lines("Fish").resize((9, 40_000))
    answer = convert(client, as_pages([good, too_long]))

    told = answer.get_json()
    assert (answer.status_code, told["status"]) == (200, "partial_success")
    assert told["errors"][0]["error_message"].startswith("Page 2: ")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("file", {"data": {}}),
        ("file", {"data": {"files": "no file"}}),
        ("source", {"json": {"sources": [{"kind": "http", "url": "http://localhost/x.png"}]}}),
        ("source", {"json": {"sources": []}}),
        ("source", {"data": b"no JSON"}),
    ],
)
def test_what_has_no_file_is_refused(client: FlaskClient, path: str, sent: Any) -> None:  # noqa: ANN401
    answer = client.post(f"/v1/convert/{path}", **sent)

    assert answer.status_code == 422
    assert answer.get_json()["detail"]


@pytest.mark.parametrize(
    "fields", [{"to_formats": "docx"}, {"page_range": "1"}, {"page_range": ["2", "1"]}]
)
def test_options_that_are_wrong_are_refused(
    client: FlaskClient, picture: bytes, fields: dict[str, Any]
) -> None:
    assert convert(client, picture, **fields).status_code == 422


def test_a_document_has_texts_tables_and_pages(tmp_path: Path) -> None:
    file = tmp_path / "scan"
    file.write_bytes(as_file(draw_lines("Fish")))
    shown = document(page(zone("one\ntwo"), table_of(word("x", 0, -8))), page(number=2))

    made = json.loads(json.dumps(docling_document(shown, "scan.png", file)))

    assert (made["name"], made["origin"]["mimetype"]) == ("scan", "image/png")
    assert [child["$ref"] for child in made["body"]["children"]] == ["#/texts/0", "#/tables/0"]
    (text,) = made["texts"]
    assert (text["text"], text["prov"][0]["charspan"]) == ("one two", [0, 7])
    assert text["prov"][0]["bbox"] == {
        "l": 40, "t": 30, "r": 70, "b": 80, "coord_origin": "TOPLEFT",
    }  # fmt: skip
    (table,) = made["tables"]
    (cell,) = table["data"]["table_cells"]
    assert (table["data"]["num_rows"], table["data"]["num_cols"]) == (1, 2)
    assert (cell["text"], cell["start_col_offset_idx"]) == ("x", 1)
    assert made["pages"].keys() == {"1", "2"}


def test_heads_of_pages_are_furniture_and_items_of_lists_items(tmp_path: Path) -> None:
    file = tmp_path / "scan"
    file.write_bytes(as_file(draw_lines("Fish")))
    listed = document(page(zone("• one\n• two")))

    running = docling_document(numbered_pages(), "scan.png", file)["texts"]
    items = docling_document(listed, "scan.png", file)["texts"]

    labels = [(one["label"], one["content_layer"]) for one in running[:4]]
    assert labels == [
        ("page_header", "furniture"), ("text", "body"),
        ("page_footer", "furniture"), ("page_footer", "furniture"),
    ]  # fmt: skip
    assert [(one["label"], one["text"], one["marker"]) for one in items] == [
        ("list_item", "one", "•"), ("list_item", "two", "•"),
    ]  # fmt: skip


def test_the_text_that_a_client_asks_for_stands_between_pages_alone(
    client: FlaskClient, two_pages: bytes
) -> None:
    def sent(path: str) -> Any:  # noqa: ANN401
        form = {"files": (BytesIO(two_pages), "a.tif"), "md_page_break_placeholder": "\f"}
        return client.post(path, data=form).get_json()

    told = sent("/v1/convert/file")
    task = sent("/v1/convert/file/async")["task_id"]
    later = client.get(f"/v1/result/{task}").get_json()

    for answer in (told, later):
        pages = answer["document"]["md_content"].split("\f")
        assert [page.strip() for page in pages] == ["Fish \\<\\&\\>"] * 2


def test_languages_that_are_not_installed_are_told_and_no_failure(
    client: FlaskClient, picture: bytes
) -> None:
    def sent(*languages: str) -> Any:  # noqa: ANN401
        form = {"files": (BytesIO(picture), "a.png"), "ocr_lang": list(languages)}
        return client.post("/v1/convert/file", data=form).get_json()

    some, none = sent("eng", "xx-YY", "Klingon"), sent("en", "English")

    assert (some["status"], none["status"]) == ("success", "success")
    (error,) = some["errors"]
    assert error["component_type"] == "user_input"
    assert "left out: xx-YY, Klingon." in error["error_message"]
    assert none["errors"] == []


def test_a_file_of_an_office_program_is_its_own_text(client: FlaskClient) -> None:
    def sent(**options: str) -> Any:  # noqa: ANN401
        page = b"<h1>Tea &amp; cake</h1><p>one<table><tr><th>Item<tr><td>x</table>"
        form = {"files": (BytesIO(page), "a.html"), **options}
        return client.post("/v1/convert/file", data=form).get_json()

    told = sent()
    json_ = sent(to_formats="json")["document"]["json_content"]

    assert told["status"] == "success"
    assert told["document"]["md_content"].startswith("# Tea \\& cake\n\none\n\n| Item |")
    assert sent(to_formats="text")["document"]["text_content"].startswith("Tea & cake\n\none")
    assert json_["origin"]["mimetype"] == "text/html"
    assert [(one["label"], one["text"], one["prov"]) for one in json_["texts"]] == [
        ("section_header", "Tea & cake", []), ("text", "one", []),
    ]  # fmt: skip
    (table,) = json_["tables"]
    assert [one["text"] for one in table["data"]["table_cells"]] == ["Item", "x"]
    assert json_["pages"] == {}


def test_the_pictures_of_a_file_are_read_and_what_fails_is_told(
    client: FlaskClient, picture: bytes
) -> None:
    def told(*pictures: bytes) -> Any:  # noqa: ANN401
        addresses = (f"data:image/png;base64,{b64encode(data).decode()}" for data in pictures)
        page = "<p>one</p>" + "".join(f'<img src="{address}">' for address in addresses)
        form = {"files": (BytesIO(page.encode()), "a.html"), "to_formats": "text"}
        return client.post("/v1/convert/file", data=form).get_json()

    good, damaged, both = told(picture), told(picture[:60]), told(picture, picture[:60])

    assert good["document"]["text_content"] == "one\n\nFish <&>"
    assert (good["status"], good["errors"]) == ("success", [])
    assert damaged["document"]["text_content"] == "one"
    assert both["document"]["text_content"] == "one\n\nFish <&>"
    for partly in (damaged, both):
        assert partly["status"] == "partial_success"
        assert "damaged" in partly["errors"][0]["error_message"]
