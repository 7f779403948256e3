from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from ocr_server.document.model import Page
from ocr_server.document.roles import Role, Roles
from ocr_server.web.compat.mistral_page import PageOptions, page_of
from ocr_server.web.context import service_of
from tests.export.documents import numbered_pages, page, table_of, word, zone

PLAIN = PageOptions(table_format=None, granularity=None, with_blocks=True)


def ocr(client: FlaskClient, document: dict[str, Any], **options: object) -> Any:  # noqa: ANN401
    return client.post("/v1/ocr", json={"model": None, "document": document, **options})


def image(data: bytes) -> dict[str, Any]:
    return {"type": "image_url", "image_url": f"data:image/png;base64,{b64encode(data).decode()}"}


def uploaded(client: FlaskClient, data: bytes) -> str:
    form = {"purpose": "ocr", "file": (BytesIO(data), "scan.tiff")}
    told = client.post("/v1/files", data=form).get_json()
    assert (told["object"], told["filename"], told["bytes"]) == ("file", "scan.tiff", len(data))
    file_id: str = told["id"]
    return file_id


def shown(one: Page, options: PageOptions) -> dict[str, Any]:
    return page_of(one, options, Roles.of([one]))


def test_pages_are_markdown(client: FlaskClient, two_pages: bytes) -> None:
    answer = ocr(client, image(two_pages)).get_json()

    assert [(one["index"], one["markdown"]) for one in answer["pages"]] == [
        (0, "Fish \\<\\&\\>"), (1, "Fish \\<\\&\\>"),
    ]  # fmt: skip
    assert all(isinstance(n, int) for n in answer["pages"][0]["dimensions"].values())
    assert answer["usage_info"] == {"pages_processed": 2, "doc_size_bytes": len(two_pages)}
    assert answer["pages"][0]["blocks"][0]["type"] == "text"


def test_an_address_may_be_in_an_object(client: FlaskClient, picture: bytes) -> None:
    sent = image(picture)
    sent["image_url"] = {"url": sent["image_url"]}

    assert ocr(client, sent).status_code == 200


@pytest.mark.parametrize("pages", [[1], "1", "1-1", [1, 1]])
def test_pages_are_counted_from_0(client: FlaskClient, two_pages: bytes, pages: object) -> None:
    answer = ocr(client, image(two_pages), pages=pages).get_json()

    assert [one["index"] for one in answer["pages"]] == [1]


def test_a_file_is_kept_and_read_by_its_id_or_its_address(
    client: FlaskClient, two_pages: bytes
) -> None:
    file_id = uploaded(client, two_pages)
    address = client.get(f"/v1/files/{file_id}/url?expiry=24").get_json()["url"]
    by_id = ocr(client, {"type": "file", "file_id": file_id})
    by_address = ocr(client, {"type": "document_url", "document_url": address})
    content = client.get(address)
    forgotten = client.delete(f"/v1/files/{file_id}").get_json()

    assert len(by_id.get_json()["pages"]) == 2
    assert by_address.get_json() == by_id.get_json()
    assert content.get_data() == two_pages
    assert forgotten == {"id": file_id, "object": "file", "deleted": True}
    for path in (f"/v1/files/{file_id}", f"/v1/files/{file_id}/url", address):
        assert client.get(path).status_code == 404
    assert ocr(client, {"type": "file", "file_id": file_id}).status_code == 404


def test_kept_files_are_listed_the_newest_first(client: FlaskClient, two_pages: bytes) -> None:
    service_of(client.application).store.keep("", {"pdf": b"%PDF"})  # of another adapter
    files = [uploaded(client, two_pages) for _ in range(2)]

    listed = client.get("/v1/files?page=0&page_size=100").get_json()

    assert [one["id"] for one in listed["data"]] == files[::-1]
    assert listed["total"] == 2


def test_the_model_is_listed(client: FlaskClient) -> None:
    listed = client.get("/v1/models").get_json()["data"]

    assert "mistral-ocr-latest" in [one["id"] for one in listed]


@pytest.mark.parametrize(
    ("document", "options"),
    [
        ({"type": "document_url", "document_url": "https://example.com/v1/files/0a/content"}, {}),
        ({"type": "document_url", "document_url": "http://localhost/etc/passwd"}, {}),
        ({"type": "document_url", "document_url": "file:///etc/passwd"}, {}),
        ({"type": "document_url"}, {}),
        ("scan.png", {}),
        (None, {"table_format": "csv"}),
        (None, {"confidence_scores_granularity": "token"}),
        (None, {"pages": "0-x"}),
        (None, {"document_annotation_format": {"type": "json_schema"}}),
    ],
)
def test_what_is_not_understood_is_refused(
    client: FlaskClient,
    picture: bytes,
    document: Any,  # noqa: ANN401  # as mixed as what a client sends
    options: dict[str, object],
) -> None:
    answer = ocr(client, document or image(picture), **options)

    assert answer.status_code == 400
    assert answer.get_json()["type"] == "invalid_request_error"


def test_a_file_that_does_not_come_is_missed(client: FlaskClient) -> None:
    assert client.post("/v1/files", data={"purpose": "ocr"}).status_code == 400


def test_a_title_and_its_text_are_blocks_with_corners() -> None:
    title = zone("1. *Fish*")
    title = replace(title, lines=(replace(title.lines[0], x_height_px=24),))

    told = shown(page(title, zone("some plain words", top=90)), PLAIN)

    assert told["markdown"] == "# 1\\. \\*Fish\\*\n\nsome plain words"
    assert [(one["type"], one["content"]) for one in told["blocks"]] == [
        ("title", "1. *Fish*"), ("text", "some plain words"),
    ]  # fmt: skip
    corners = [told["blocks"][1][name] for name in ("top_left_x", "bottom_right_y")]
    assert corners == [40, 110]
    assert "confidence_scores" not in told


@pytest.mark.parametrize("table_format", [None, "markdown", "html"])
def test_word_scores_stand_where_the_words_are_written(table_format: str | None) -> None:
    before, after = zone("a*b 7"), zone("end", top=300)
    table = table_of(word("x", 0, -8), word("|7|", -10, -8))
    options = replace(PLAIN, table_format=table_format, granularity="word")

    told = shown(page(before, table, after), options)

    scores = told["confidence_scores"]
    assert scores["average_page_confidence_score"] == 0.9
    for score in scores["word_confidence_scores"]:
        begin = score["start_index"]
        written = told["markdown"][begin : begin + 2 * len(score["text"])]
        assert written.replace("\\", "").startswith(score["text"])
    read = [score["text"] for score in scores["word_confidence_scores"]]
    assert read == ["a*b", "7", *([] if table_format else ["x", "|7|"]), "end"]


@pytest.mark.parametrize(
    ("table_format", "content"),
    [
        ("markdown", "|  | x |\n| --- | --- |"),
        ("html", "<table><tbody><tr><td></td><td>x</td></tr></tbody></table>"),
    ],
)
def test_tables_can_stand_beside_the_markdown(table_format: str, content: str) -> None:
    options = replace(PLAIN, table_format=table_format, granularity="block")

    told = shown(page(table_of(word("x", 0, -8))), options)

    (table,) = told["tables"]
    assert table == {"id": table["id"], "content": content, "format": table_format}
    assert told["markdown"] == f"[{table['id']}]({table['id']})"
    (block,) = told["blocks"]
    assert (block["type"], block["table_id"], block["content"]) == ("table", table["id"], content)
    assert block["confidence_scores"]["average_content_confidence_score"] == 0.9


def test_a_blank_page_has_no_scores() -> None:
    told = shown(page(), replace(PLAIN, granularity="word"))

    assert (told["markdown"], told["blocks"]) == ("", [])
    assert "confidence_scores" not in told


def test_heads_and_feet_are_blocks_and_can_be_taken_out() -> None:
    pages = numbered_pages().pages
    whole = PageOptions(table_format=None, granularity=None, with_blocks=True)
    taken = replace(whole, extracted=frozenset({Role.HEADER}))

    kept, without = (page_of(pages[0], one, Roles.of(pages)) for one in (whole, taken))

    assert [one["type"] for one in kept["blocks"]] == ["header", "text", "footer", "footer"]
    assert (kept["header"], without["header"]) == (None, "Annual report")
    assert "Annual report" in kept["markdown"]
    assert "Annual report" not in without["markdown"]


@pytest.mark.parametrize("named", ["data:text/plain;base64,", "data:;base64,", None])
def test_plain_text_is_known_by_how_it_was_sent(client: FlaskClient, named: str | None) -> None:
    if named is None:
        form = {"purpose": "ocr", "file": (BytesIO(b"Tea"), "a.txt")}
        document = {"file_id": client.post("/v1/files", data=form).get_json()["id"]}
    else:
        url = f"{named}{b64encode(b'Tea').decode()}"
        document = {"document_url": url, "document_name": "a.txt" if ":;" in named else None}

    told = client.post("/v1/ocr", json={"document": document}).get_json()

    assert [page["markdown"] for page in told["pages"]] == ["Tea"]


def test_a_file_of_an_office_program_is_a_page_without_a_size(client: FlaskClient) -> None:
    url = f"data:text/html;base64,{b64encode(b'<html><h1>Tea</h1><p>one').decode()}"
    document = {"type": "document_url", "document_url": url}

    told = client.post("/v1/ocr", json={"document": document}).get_json()

    (page,) = told["pages"]
    assert (page["index"], page["markdown"]) == (0, "# Tea\n\none")
    assert page["dimensions"] is None
    assert told["usage_info"]["pages_processed"] == 1
