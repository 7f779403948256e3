from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pikepdf
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image

from ocr_server.document.model import Cell, Document, PageLanguage, Table, ZoneKind
from ocr_server.export.markdown import escaped
from ocr_server.geometry import Box
from ocr_server.web.compat.azure_result import (
    CODE_POINTS,
    STRING_INDEX_TYPES,
    TEXT_ELEMENTS,
    UTF_16,
    ResultOptions,
    result_of,
)
from tests.drawing import as_file
from tests.export.documents import document, line, numbered_pages, page, zone
from tests.fakes import ReadsWords

ANALYZE = "/documentintelligence/documentModels/prebuilt-read:analyze?api-version=2024-11-30"
PLAIN = ResultOptions("prebuilt-layout", "2024-11-30", is_layout=True)


def result(shown: Document, options: ResultOptions = PLAIN) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(result_of(shown, options))
    return made


def under(content: str, span: dict[str, int], index_type: str = CODE_POINTS) -> str:
    """What stands in a content at a span, as the clients of each language cut it out."""
    begin, end = span["offset"], span["offset"] + span["length"]
    if index_type == UTF_16:
        return content.encode("utf-16-le")[2 * begin : 2 * end].decode("utf-16-le")
    return content[begin:end]


def analyze(client: FlaskClient, data: bytes, options: str = "", **more: Any) -> str:  # noqa: ANN401
    """The path of the result of a document that was sent as it is."""
    answer = client.post(f"{ANALYZE}{options}", data=data, content_type="image/png", **more)
    assert (answer.status_code, answer.data) == (202, b"")
    host, path = answer.headers["Operation-Location"].split("/documentintelligence", 1)
    assert host == "http://localhost"
    return f"/documentintelligence{path}"


def test_a_document_is_read_when_it_is_sent_and_fetched_afterwards(
    client: FlaskClient, two_pages: bytes
) -> None:
    path = analyze(client, two_pages)
    operation = client.get(path).get_json()
    again = client.get(path).get_json()

    assert (operation["status"], again) == ("succeeded", operation)
    read = operation["analyzeResult"]
    assert read["content"] == "Fish <&>\nFish <&>"
    assert [one["pageNumber"] for one in read["pages"]] == [1, 2]
    first = read["pages"][0]["words"][0]
    assert first["content"] == "Fish"
    assert (len(first["polygon"]), first["span"]) == (8, {"offset": 0, "length": 4})
    assert read["pages"][1]["words"][1]["span"] == {"offset": 14, "length": 3}
    assert read["tables"] == []


@pytest.mark.parametrize("index_type", [CODE_POINTS, UTF_16])
@pytest.mark.parametrize("content_format", ["text", "markdown"])
def test_spans_point_at_the_words(index_type: str, content_format: str) -> None:
    top, left = 200, 40
    cells = tuple(
        Cell(row, column, Box(x, y, x + 45, y + 30).quad(), "")
        for row, y in enumerate((top, top + 30))
        for column, x in enumerate((left, left + 45))
    )
    lines = (line("Ware 𐍈|2", top), line("Tea* 2", top + 30))
    table = replace(
        zone("x"), kind=ZoneKind.TABLE, lines=lines, table=Table(2, 2, cells)
    ).with_cells_refilled()
    title = zone("1. Größe 𐍉")
    title = replace(title, lines=(replace(title.lines[0], x_height_px=30),))
    pages = page(title, zone("<b> R_D", "next - one", top=90), table), page(zone("end"), number=2)
    options = replace(PLAIN, string_index_type=index_type, content_format=content_format)

    made = result(document(*pages), options)

    content = made["content"]
    words = [word for shown in made["pages"] for word in shown["words"]]
    for told in words:
        cut = under(content, told["span"], index_type)
        assert cut.replace("\\", "") == told["content"]
    assert [one["content"] for one in words[-3:]] == ["Tea*", "2", "end"]
    (told_table,) = made["tables"]
    cut_cells = [
        under(content, cell["spans"][0], index_type).replace("\\", "")
        for cell in told_table["cells"]
    ]
    assert cut_cells == [cell["content"] for cell in told_table["cells"]]
    assert cut_cells == ["Ware", "𐍈|2", "Tea*", "2"]
    whole = [under(content, shown["spans"][0], index_type) for shown in made["pages"]]
    assert whole[1].strip() == "end"
    assert made["paragraphs"][0]["role"] == "title"
    assert "role" not in made["paragraphs"][1]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("naïve", {TEXT_ELEMENTS: 5, CODE_POINTS: 5, UTF_16: 5}),
        ("nai\u0308ve", {TEXT_ELEMENTS: 5, CODE_POINTS: 6, UTF_16: 6}),
        ("𐍈𐍉", {TEXT_ELEMENTS: 2, CODE_POINTS: 2, UTF_16: 4}),
        ("नमस्ते", {TEXT_ELEMENTS: 4, CODE_POINTS: 6, UTF_16: 6}),
        ("กำ", {TEXT_ELEMENTS: 1, CODE_POINTS: 2, UTF_16: 2}),
        ("\u1112\u1161\u11ab", {TEXT_ELEMENTS: 1, CODE_POINTS: 3, UTF_16: 3}),
    ],
)
def test_lengths_are_counted_as_the_client_asks(text: str, lengths: dict[str, int]) -> None:
    for index_type in STRING_INDEX_TYPES:
        made = result(document(page(zone(text))), replace(PLAIN, string_index_type=index_type))

        assert made["pages"][0]["words"][0]["span"]["length"] == lengths[index_type]


def test_pictures_are_told_in_pixels_and_pages_of_pdf_in_inches() -> None:
    shown = document(page(zone("Fish")))

    picture = result(shown)["pages"][0]
    sheet = result(shown, replace(PLAIN, is_pdf=True))["pages"][0]

    assert (picture["unit"], picture["width"], picture["height"]) == ("pixel", 600, 400)
    assert (sheet["unit"], sheet["width"], sheet["height"]) == ("inch", 6, 4)
    assert picture["words"][0]["polygon"] == [40, 30, 80, 30, 80, 50, 40, 50]
    assert sheet["words"][0]["polygon"] == [0.4, 0.3, 0.8, 0.3, 0.8, 0.5, 0.4, 0.5]


def test_the_quads_of_a_turned_page_begin_at_the_begin_of_the_text() -> None:
    shown = page(zone("Fish"))
    turned = replace(
        shown,
        zones=tuple(
            replace(one, lines=tuple(
                replace(each, quad=each.quad._replace(
                    top_left=each.quad.bottom_left, top_right=each.quad.top_left,
                    bottom_right=each.quad.top_right, bottom_left=each.quad.bottom_right,
                )) for each in one.lines
            )) for one in shown.zones
        ),
    )  # fmt: skip

    told = result(document(turned))["pages"][0]

    assert told["angle"] == -90
    assert told["lines"][0]["polygon"][:4] == [40, 50, 40, 30]


def test_languages_are_told_with_their_spans_where_they_were_found_out() -> None:
    shown = page(zone("Fish", "Fisch"))
    lines = shown.zones[0].lines
    german = replace(lines[1], language="deu")
    zones = (replace(shown.zones[0], lines=(lines[0], german)),)
    found = replace(shown, zones=zones, language=PageLanguage(("eng", "deu"), 0.75))

    assert result(document(shown))["languages"] == []
    assert result(document(found))["languages"] == [
        {"locale": "en", "spans": [{"offset": 0, "length": 4}], "confidence": 0.75},
        {"locale": "de", "spans": [{"offset": 5, "length": 5}], "confidence": 0.75},
    ]


def test_the_pdf_is_there_where_it_was_asked_for(client: FlaskClient, two_pages: bytes) -> None:
    path, _, query = analyze(client, two_pages, "&output=pdf,figures").partition("?")
    without, _, _ = analyze(client, two_pages).partition("?")

    made = client.get(f"{path}/pdf?{query}")
    missing = client.get(f"{without}/pdf?{query}")

    assert made.mimetype == "application/pdf"
    with pikepdf.open(BytesIO(made.get_data())) as pdf:
        assert len(pdf.pages) == 2
    assert missing.status_code == 404
    assert missing.get_json()["error"]["innererror"]["code"] == "OperationNotFound"


def test_json_pages_and_locale_are_understood(
    client: FlaskClient, two_pages: bytes, engine: ReadsWords
) -> None:
    body = {"base64Source": b64encode(two_pages).decode()}
    answer = client.post(f"{ANALYZE}&pages=2&locale=de-AT", json=body)
    read = client.get(answer.headers["Operation-Location"]).get_json()["analyzeResult"]

    assert [one["pageNumber"] for one in read["pages"]] == [2]
    assert engine.readings[-1].languages == ("deu",)


@pytest.mark.parametrize("version", ["2022-08-31", "2023-07-31"])
def test_form_recognizer_is_the_same_under_its_older_name(
    client: FlaskClient, picture: bytes, version: str
) -> None:
    path = "/formrecognizer/documentModels/prebuilt-document:analyze"
    answer = client.post(f"{path}?api-version={version}", data=picture)
    location = answer.headers["Operation-Location"]
    read = client.get(location).get_json()["analyzeResult"]

    assert "/formrecognizer/documentModels/prebuilt-document/analyzeResults/" in location
    assert (read["apiVersion"], read["content"]) == (version, "Fish <&>")


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("&pages=0", None, "InvalidParameter"),
        ("&pages=9", None, "InvalidContent"),
        ("&stringIndexType=bytes", None, "InvalidParameter"),
        ("&outputContentFormat=html", None, "InvalidParameter"),
        ("", {"urlSource": "http://localhost/x.png"}, "InvalidParameter"),
        ("", {"base64Source": "%%%"}, "InvalidParameter"),
        ("", {"base64Source": b64encode(b"GIF8 no more").decode()}, "InvalidContent"),
        ("", {"base64Source": b64encode(b"words").decode()}, "UnsupportedContent"),
    ],
)
def test_what_is_wrong_is_told_in_azures_form(
    client: FlaskClient, picture: bytes, query: str, body: dict[str, str] | None, code: str
) -> None:
    sent: dict[str, Any] = {"json": body} if body else {"data": picture}
    answer = client.post(ANALYZE + query, **sent)

    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidRequest")
    assert error["innererror"]["code"] == code


def test_a_model_that_is_not_there_is_named(client: FlaskClient, picture: bytes) -> None:
    answer = client.post(ANALYZE.replace("read", "invoice"), data=picture)

    assert answer.status_code == 404
    assert answer.get_json()["error"]["innererror"]["code"] == "ModelNotFound"


def test_a_result_can_be_forgotten(client: FlaskClient, picture: bytes) -> None:
    path = analyze(client, picture)

    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(path).status_code == 404


def test_paragraphs_of_the_layout_have_roles() -> None:
    made = result(numbered_pages())

    roles = [one.get("role") for one in made["paragraphs"]]
    assert roles[:4] == ["pageHeader", None, "pageFooter", "pageNumber"]


def test_handwriting_is_a_style() -> None:
    written = zone("Best wishes", top=100)
    written = replace(written, lines=(replace(written.lines[0], handwritten=True),))

    made = result(document(page(zone("Printed words"), written)))

    (style,) = made["styles"]
    assert style["isHandwritten"]
    assert [under(made["content"], span) for span in style["spans"]] == ["Best wishes"]
    assert result(document(page(zone("Printed words"))))["styles"] == []


def test_codes_are_told_where_they_are_asked_for(client: FlaskClient) -> None:
    made = zxingcpp.create_barcode("LOT 4711", zxingcpp.BarcodeFormat.DataMatrix)
    symbol = np.array(zxingcpp.write_barcode_to_image(made, scale=5))
    label = as_file(Image.fromarray(np.pad(symbol, 60, constant_values=255)))

    without = client.get(analyze(client, label)).get_json()
    told = client.get(analyze(client, label, "&features=barcodes")).get_json()

    assert "barcodes" not in without["analyzeResult"]["pages"][0]
    (code,) = told["analyzeResult"]["pages"][0]["barcodes"]
    assert (code["kind"], code["value"], len(code["polygon"])) == ("DataMatrix", "LOT 4711", 8)


@pytest.mark.parametrize(("locale", "count"), [("xx-YY", 1), ("en-GB", 0), ("eng", 0)])
def test_a_locale_that_is_not_installed_is_told(
    client: FlaskClient, picture: bytes, locale: str, count: int
) -> None:
    sent = client.post(f"{ANALYZE}&locale={locale}", data=picture, content_type="image/png")
    told = client.get(sent.headers["Operation-Location"]).get_json()["analyzeResult"]

    assert "Fish" in told["content"]
    warnings = told.get("warnings", [])
    assert [one["target"] for one in warnings] == ["locale"] * count
    assert all(locale in one["message"] for one in warnings)


OFFICE = "<html><h1>Tea &amp; *cake*</h1><p>one b\u0065\u0301ta<table><tr><td>Item<td>x|y</table>"


@pytest.mark.parametrize("content_format", ["text", "markdown"])
@pytest.mark.parametrize("index_type", STRING_INDEX_TYPES[1:])
def test_a_file_of_an_office_program_has_its_own_text_with_exact_spans(
    client: FlaskClient, content_format: str, index_type: str
) -> None:
    options = f"&outputContentFormat={content_format}&stringIndexType={index_type}"
    sent = client.post(
        f"{ANALYZE.replace('read', 'layout')}{options}",
        json={"base64Source": b64encode(OFFICE.encode()).decode()},
    )
    told = client.get(sent.headers["Operation-Location"]).get_json()["analyzeResult"]
    content = told["content"]
    (page_,) = told["pages"]

    written = {"text": lambda text: text, "markdown": escaped}[content_format]
    words = [word["content"] for word in page_["words"]]
    assert words == ["Tea", "&", "*cake*", "one", "be\u0301ta", "Item", "x|y"]
    for one in page_["words"]:
        assert under(content, one["span"], index_type) == written(one["content"])
    assert [line["content"] for line in page_["lines"]] == [
        "Tea & *cake*",
        "one be\u0301ta",
        "Item",
        "x|y",
    ]
    for one in page_["lines"]:
        assert under(content, one["spans"][0], index_type) == written(one["content"])
    assert [one.get("role") for one in told["paragraphs"]] == ["title", None]
    for one in told["paragraphs"]:
        assert under(content, one["spans"][0], index_type) == written(one["content"])
    (table,) = told["tables"]
    assert [(one["rowIndex"], one["columnIndex"]) for one in table["cells"]] == [(0, 0), (0, 1)]
    for one in table["cells"]:
        assert under(content, one["spans"][0], index_type) == written(one["content"])
