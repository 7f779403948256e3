from __future__ import annotations

import base64
import gzip
import json
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from ocr_server.job import Detail
from ocr_server.request.build import ParsedRequest
from ocr_server.web.base64_text import decode_base64
from ocr_server.web.body import read_job
from ocr_server.web.context import service
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords

PICTURE = as_file(draw_lines("Hello"))
ENCODED = base64.b64encode(PICTURE).decode()
ASKED = {"languages": "deu+eng", "layout": "line", "detail": "symbol", "min_confidence": "0.5"}


def post(client: FlaskClient, **request: Any) -> TestResponse:  # noqa: ANN401  # werkzeug's own
    return client.post("/v1/documents", **request)


def faults_of(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 400, response.data
    return {fault["field"]: fault["message"] for fault in json.loads(response.data)["faults"]}


def in_every_form(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The picture and the same options, in each form that a request can have."""
    query = urlencode(options)
    return {
        "multipart": {"data": {"file": (BytesIO(PICTURE), "a.png"), **options}},
        "multipart and query": {"data": {"file": (BytesIO(PICTURE), "a")}, "query_string": query},
        "raw": {"data": PICTURE, "content_type": "image/png", "query_string": query},
        "raw PDF": {"data": PICTURE, "content_type": "application/pdf", "query_string": query},
        "octets": {
            "data": PICTURE,
            "content_type": "application/octet-stream",
            "query_string": query,
        },
        "nameless": {"data": PICTURE, "query_string": query},
        "json": {"json": {"image": ENCODED, **options}},
        "data URL": {"json": {"image": f"data:image/png;base64,{ENCODED}", **options}},
    }


FORMS = sorted(in_every_form({}))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_request_asks_for_the_same(
    form: str, client: FlaskClient, engine: ReadsWords
) -> None:
    response = post(client, **in_every_form(ASKED)[form])

    assert response.status_code == 200, response.data
    (reading,) = engine.readings
    assert reading.languages == ("deu", "eng")
    assert (reading.psm, reading.symbols, reading.min_confidence) == (7, True, 0.5)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_request_is_told_all_faults_at_once(form: str, client: FlaskClient) -> None:
    wrong = {"dpi": "many", "detail": "hair", "colour": "red", "pages": "0"}

    faults = faults_of(post(client, **in_every_form(wrong)[form]))

    assert faults.keys() == wrong.keys()
    assert "no such option" in faults["colour"]


def test_a_missing_language_is_a_fault_among_the_others(client: FlaskClient) -> None:
    wrong = {"languages": "klingon", "dpi": "many", "profile": "passport"}

    faults = faults_of(post(client, data=PICTURE, query_string=wrong))

    assert faults.keys() == wrong.keys()
    assert faults["languages"].startswith("Languages not installed: klingon.")


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("langauges", "eng", "languages"),
        ("detail", "wrod", "word"),
        ("format", "markdwon", "markdown"),
        ("layout", "lines", "line"),
        ("alternatives", "dictonary", "dictionary"),
        ("profile", "reciept", "receipt"),
        ("steps", "contrst", "contrast"),
        ("without", "deskw", "deskew"),
    ],
)
def test_what_is_misspelt_is_told_as_what_was_meant(
    name: str, text: str, meant: str, client: FlaskClient
) -> None:
    faults = faults_of(post(client, data=PICTURE, query_string={name: text}))

    assert f"(did you mean {meant}?)" in faults[name]


def test_what_looks_like_nothing_known_is_told_nothing_like_it(client: FlaskClient) -> None:
    wrong = {"qqqqqq": "x", "detail": "word" * 1000, "steps": "qqqqqq"}
    file = {"file": (BytesIO(PICTURE), "scan.png")}

    faults = faults_of(post(client, data=wrong | file))

    assert faults.keys() == wrong.keys()
    assert "did you mean" not in " ".join(faults.values())


def test_a_part_of_a_form_without_a_name_is_no_option(client: FlaskClient) -> None:
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nred\r\n--x--\r\n"

    faults = faults_of(post(client, data=body, content_type="multipart/form-data; boundary=x"))

    assert faults[""].startswith("no such option")


def test_every_fault_ends_in_one_full_stop(client: FlaskClient) -> None:
    wrong = {"steps": "fly", "fields": "[]", "dpi": "many"}

    detail = post(client, data=PICTURE, query_string=wrong).get_json()["detail"]

    assert detail.endswith(".")
    assert ".." not in detail


def test_no_file_is_one_fault_beside_the_others(client: FlaskClient) -> None:
    faults = faults_of(post(client, data={"dpi": "many"}))

    assert faults.keys() == {"file", "dpi"}
    assert "multipart field file" in faults["file"]


@pytest.mark.parametrize(
    "request_",
    [
        {"data": b""},
        {"data": {}},
        {"data": {"file": (BytesIO(b""), "empty.png")}},
        {"data": b"", "content_type": "image/png"},
        {"json": {}},
    ],
)
def test_nothing_is_a_fault(request_: dict[str, Any], client: FlaskClient) -> None:
    assert faults_of(post(client, **request_)).keys() == {"file"}


@pytest.mark.parametrize(
    ("kind", "came_as"),
    [
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded, and"),
        ("multipart/form-data", "multipart/form-data without a boundary"),
        ("multipart/form-data; boundary=b", "multipart/form-data, and"),
    ],
)
def test_a_raw_body_that_calls_itself_a_form_is_told_so(
    kind: str, came_as: str, client: FlaskClient
) -> None:
    fault = faults_of(post(client, data=PICTURE, content_type=kind))["file"]

    assert f"{len(PICTURE)} bytes came as {came_as}" in fault
    assert "such as image/png" in fault


@pytest.mark.parametrize("path", ["/v1/documents", "/v1/render"])
def test_a_compressed_body_is_told_so(path: str, client: FlaskClient) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "image/png"}

    response = client.post(path, data=gzip.compress(PICTURE), headers=headers)

    assert faults_of(response) == {"Content-Encoding": "gzip is not undone here"}
    assert "without that header" in response.get_json()["detail"]


def test_an_empty_file_is_told(client: FlaskClient) -> None:
    faults = faults_of(post(client, data={"file": (BytesIO(b""), "empty.png")}))

    assert faults["file"].startswith("the file is empty")


@pytest.mark.parametrize("given", [
    {"data": {"file": [(BytesIO(PICTURE), "a.png"), (BytesIO(b""), "b.png")]}},
    {"json": {"image": [ENCODED, ""]}},
])  # fmt: skip
def test_an_empty_file_beside_a_good_one_is_told(
    client: FlaskClient, given: dict[str, Any]
) -> None:
    document = post(client, **given).get_json()

    assert [page["number"] for page in document["pages"]] == [1]
    (problem,) = document["problems"]
    assert (problem["page"], problem["code"]) == (2, "damaged-picture")
    assert problem["detail"].startswith("The file is empty.")


def test_a_file_that_a_form_did_not_choose_is_none(client: FlaskClient) -> None:
    data = {"file": [(BytesIO(PICTURE), "a.png"), (BytesIO(b""), "")]}

    assert post(client, data=data).get_json()["problems"] == []


def test_a_file_in_another_field_is_told_the_right_one(client: FlaskClient) -> None:
    faults = faults_of(post(client, data={"scan": (BytesIO(PICTURE), "a.png")}))

    assert faults["scan"] == "send files in the field file"


def test_several_files_make_one_document(client: FlaskClient) -> None:
    several = [(BytesIO(PICTURE), "a"), (BytesIO(PICTURE), "b"), (BytesIO(PICTURE), "c")]

    response = post(client, data={"file": several})

    assert [page["number"] for page in response.get_json()["pages"]] == [1, 2, 3]


def test_several_images_of_json_make_one_document(client: FlaskClient) -> None:
    response = post(client, json={"image": [ENCODED, ENCODED]})

    assert len(response.get_json()["pages"]) == 2


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (7, "send base64 text or a data URL"),
        ([ENCODED, None], "send base64 text or a data URL"),
        ("no base64!", "this is not base64"),
        ("abcde", "this is not base64"),
        ("äöü", "this is not base64"),
        ("data:image/png,abcd", "a data URL must be base64"),
        (
            "http://example.org/a.png",
            "addresses are not fetched; send the picture itself, as base64",
        ),
    ],
)
def test_an_image_that_is_none_is_told_why(image: object, said: str, client: FlaskClient) -> None:
    assert faults_of(post(client, json={"image": image})) == {"image": said}


@pytest.mark.parametrize("body", ["", "[]", "7", "{", '"text"', "[" * 100_000, "null"])
def test_json_that_is_no_object_is_told_what_to_send(body: str, client: FlaskClient) -> None:
    faults = faults_of(post(client, data=body, content_type="application/json"))

    assert "JSON object" in faults["image"]


def test_faulty_json_is_told_to_be_none(client: FlaskClient) -> None:
    faults = faults_of(post(client, data="{", content_type="application/json"))

    assert faults["image"].startswith("this is not JSON: ")


def test_json_of_absurdly_many_values_is_refused_unread(client: FlaskClient) -> None:
    body = '{"zones": [' + '{"":0},' * 50_001 + "0]}"

    faults = faults_of(post(client, data=body, content_type="application/json"))

    assert "more than 100000 values" in faults["zones"]


def test_more_files_than_a_document_may_have_pages_are_refused_undecoded(
    client: FlaskClient,
) -> None:
    files = [(BytesIO(b"a"), "a.png") for _ in range(201)]
    as_form = faults_of(post(client, data={"file": files}))
    as_json = faults_of(post(client, json={"image": ["no base64!"] * 201}))

    said = "201 were sent; the limit is 200; send fewer, or raise OCR_MAX_PAGES"
    assert as_form == {"file": said}
    assert as_json == {"image": said}


def test_json_may_say_numbers_booleans_lists_and_nothing(app: Flask) -> None:
    body = {"image": ENCODED, "dpi": 300, "partial": True, "languages": ["deu", "eng"],
            "zones": [{"box": [0, 0, 9, 9]}], "pages": None}  # fmt: skip

    asked = asked_for(app, json=body)

    assert asked.job.options.dpi == 300
    assert asked.partial is True
    assert asked.job.options.languages == ("deu", "eng")
    assert asked.job.options.zones[0].box.right == 9
    assert asked.job.pages.ranges == ()


def asked_for(app: Flask, **request: Any) -> ParsedRequest:  # noqa: ANN401  # werkzeug's own
    with app.test_request_context("/v1/documents", method="POST", **request) as context:
        return read_job(context.request, service())


def test_what_is_empty_was_not_given(app: Flask) -> None:
    empty = dict.fromkeys(("languages", "dpi", "layout", "pages", "password"), " ")

    asked = asked_for(app, data={"file": (BytesIO(PICTURE), "a"), **empty})

    assert asked.job.options.languages == ("eng",)
    assert (asked.job.options.dpi, asked.job.password) == (None, None)
    assert (asked.formats, asked.rendering.detail) == (("json",), Detail.WORD)


@pytest.mark.parametrize("name", ["dpi", "password", "detail"])
def test_an_option_given_twice_is_a_fault(name: str, client: FlaskClient) -> None:
    data = {"file": (BytesIO(PICTURE), "a"), name: ["1", "2"]}

    assert faults_of(post(client, data=data))[name] == "given twice"


def test_an_option_in_the_body_and_in_the_address_is_a_fault(client: FlaskClient) -> None:
    response = post(
        client, data={"file": (BytesIO(PICTURE), "a"), "dpi": "300"}, query_string="dpi=300"
    )

    assert faults_of(response) == {"dpi": "given twice"}


def test_languages_may_be_ticked_one_by_one(app: Flask) -> None:
    data = {"file": (BytesIO(PICTURE), "a"), "languages": ["deu", "eng"]}

    assert asked_for(app, data=data).job.options.languages == ("deu", "eng")


def test_a_password_in_the_address_is_refused_and_not_repeated(client: FlaskClient) -> None:
    response = post(client, data=PICTURE, query_string="password=sesame")

    assert faults_of(response) == {"password": "send it in the body, not in the address"}
    assert b"sesame" not in response.data


def test_a_request_takes_no_longer_than_the_setting_allows(app: Flask) -> None:
    long, short = (
        asked_for(app, data=PICTURE, query_string=f"timeout_s={seconds}").job.deadline
        for seconds in (86_400, 5)
    )

    assert (long.allowed_s, short.allowed_s) == (600, 5)


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("*/*", "json"),
        ("text/html", "html"),
        ("text/plain", "text"),
        ("text/*", "text"),
        ("text/vnd.hocr+html", "hocr"),
        ("text/plain;q=0.5, application/json", "json"),
        ("application/json;q=0.1, text/tab-separated-values", "tsv"),
        ("application/zip", "json"),
        ("", "json"),
    ],
)
def test_the_accept_header_chooses_the_format(accept: str, name: str, app: Flask) -> None:
    asked = asked_for(app, data=PICTURE, headers={"Accept": accept})

    assert asked.formats == (name,)


def test_the_option_format_outdoes_the_accept_header(app: Flask) -> None:
    asked = asked_for(
        app, data=PICTURE, query_string="format=text", headers={"Accept": "application/json"}
    )

    assert asked.formats == ("text",)


@given(st.binary(), st.sampled_from(["", "data:image/png;base64,", "data:;base64,"]))
def test_base64_is_what_was_encoded_however_it_is_broken_into_lines(data: bytes, head: str) -> None:
    encoded = base64.encodebytes(data).decode()

    assert decoded(head + encoded) == data


def decoded(text: str, *, piece_bytes: int = 2**16) -> bytes:
    encoded = text.encode()
    pieces = (encoded[at : at + piece_bytes] for at in range(0, len(encoded), piece_bytes))
    return b"".join(decode_base64(pieces))


@given(st.text())
def test_any_text_is_base64_or_refused(text: str) -> None:
    try:
        decoded(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  # that it is raised is not what is claimed


def form_of_one_part(part: bytes, head: bytes) -> dict[str, Any]:
    """A form whose part `file` has no file name."""
    lines = b'--b\r\nContent-Disposition: form-data; name="file"\r\n' + head + b"\r\n"
    return {
        "data": lines + part + b"\r\n--b--\r\n",
        "content_type": "multipart/form-data; boundary=b",
    }


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: image/png\r\n",
        b"Content-Type: application/octet-stream\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\n",
        b"",
    ],
)
def test_a_part_without_a_file_name_may_be_a_file(head: bytes, client: FlaskClient) -> None:
    response = post(client, **form_of_one_part(PICTURE, head))

    assert response.status_code == 200, response.data
    assert len(response.get_json()["pages"]) == 1


def test_a_large_part_without_a_file_name_is_no_field_that_is_too_large(
    client: FlaskClient,
) -> None:
    large = PICTURE + bytes(3 * 2**20)  # what follows the end of a PNG is not looked at

    assert post(client, **form_of_one_part(large, b"")).status_code == 200


def test_a_text_in_place_of_a_file_is_told(client: FlaskClient) -> None:
    faults = faults_of(
        post(client, **form_of_one_part(b"scan.jpg", b"Content-Type: text/plain\r\n"))
    )

    assert "as a file" in faults["file"]


def test_a_text_that_is_too_large_is_told(client: FlaskClient) -> None:
    response = post(client, **form_of_one_part(b"a" * (2**20 + 1), b""))

    assert response.status_code == 413
    assert "file part" in response.get_json()["detail"]


def test_an_option_is_no_file_whatever_its_media_type(
    client: FlaskClient, engine: ReadsWords
) -> None:
    option = (
        b'--b\r\nContent-Disposition: form-data; name="layout"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nline\r\n"
    )
    form = form_of_one_part(PICTURE, b"")

    response = post(client, data=option + form["data"], content_type=form["content_type"])

    assert response.status_code == 200, response.data
    assert engine.readings[0].psm == 7


# Bytes whose base64 has both signs of its alphabet, and padding.
ODD = b"\xfb\xef\xbe\xff\xff\xff\x00"


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(ODD).decode(),
        base64.b64encode(ODD).decode().rstrip("="),
        base64.urlsafe_b64encode(ODD).decode(),
        base64.urlsafe_b64encode(ODD).decode().rstrip("="),
        quote(base64.b64encode(ODD).decode(), safe=""),
        "data:image/png;base64," + base64.urlsafe_b64encode(ODD).decode(),
        "DATA:image/png;charset=utf-8;BASE64," + base64.b64encode(ODD).decode(),
        "data:image/png;base64," + quote(base64.b64encode(ODD).decode(), safe=""),
        quote("data:image/png;base64," + base64.b64encode(ODD).decode(), safe=""),
    ],
)
def test_base64_is_read_in_every_way_that_it_is_written(text: str) -> None:
    assert set("+/=") <= set(base64.b64encode(ODD).decode())
    assert decoded(text) == ODD


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "text/plain; charset=utf-8", "application/octet-stream",
     "application/x-www-form-urlencoded"],
)  # fmt: skip
@pytest.mark.parametrize("before", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_json_is_known_without_its_media_type(
    kind: str | None, before: bytes, client: FlaskClient, engine: ReadsWords
) -> None:
    body = before + json.dumps({"image": ENCODED, "layout": "line"}).encode()

    response = post(client, data=body, content_type=kind)

    assert response.status_code == 200, response.data
    assert engine.readings[0].psm == 7


def test_a_form_in_the_address_s_encoding_still_has_its_options(client: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"

    assert faults_of(post(client, data=b"dpi=many", content_type=kind)).keys() == {"file", "dpi"}


@pytest.mark.parametrize("path", ["/v1/formats/", "/livez/", "/openapi.json/"])
def test_a_path_may_end_in_a_slash(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 200


def test_a_document_may_be_posted_to_a_path_that_ends_in_a_slash(client: FlaskClient) -> None:
    assert client.post("/v1/documents/", data=PICTURE).status_code == 200
