"""LiteParse, Unstructured, OCR.space, Azure Vision, OpenAI and Ollama."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from ocr_server.web import multipart
from tests.drawing import as_pages, draw_lines
from tests.fakes import ReadsWords


def file(data: bytes) -> tuple[BytesIO, str]:
    return BytesIO(data), "scan.png"


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{encoded(data)}"


@pytest.mark.parametrize("languages", ["de,en", "deu+eng", "de+xx+eng"])
def test_liteparse_gets_lines_with_boxes(
    client: FlaskClient, picture: bytes, engine: ReadsWords, languages: str
) -> None:
    answer = client.post("/ocr", data={"file": file(picture), "language": languages}).get_json()

    (line,) = answer["results"]
    assert line["text"] == "Fish <&>"
    assert [type(side) for side in line["bbox"]] == [int] * 4
    assert engine.readings[-1].languages == ("deu", "eng")


def elements(client: FlaskClient, data: bytes, **fields: str) -> list[dict[str, Any]]:
    answer = client.post("/general/v0/general", data={"files": file(data), **fields})
    told: list[dict[str, Any]] = answer.get_json()
    assert answer.status_code == 200
    return told


def test_unstructured_gets_elements_from_the_page_it_counts_from(
    client: FlaskClient, two_pages: bytes
) -> None:
    told = elements(
        client, two_pages, starting_page_number="5", coordinates="true", include_page_breaks="true"
    )

    assert [(one["type"], one["text"], one["metadata"]["page_number"]) for one in told] == [
        ("NarrativeText", "Fish <&>", 5), ("PageBreak", "", 5), ("NarrativeText", "Fish <&>", 6),
    ]  # fmt: skip
    assert len({one["element_id"] for one in told}) == 3
    metadata = told[0]["metadata"]
    assert (metadata["filename"], metadata["filetype"]) == ("scan.png", "image/tiff")
    left_top, left_bottom, right_bottom, _ = metadata["coordinates"]["points"]
    assert left_top[0] == left_bottom[0] < right_bottom[0]
    assert client.get("/general/docs").status_code == 200


@pytest.mark.parametrize("wrong", [{"output_format": "text/csv"}, {"starting_page_number": "x"}])
def test_unstructured_is_refused_what_is_not_there(
    client: FlaskClient, picture: bytes, wrong: dict[str, str]
) -> None:
    answer = client.post("/general/v0/general", data={"files": file(picture), **wrong})

    assert answer.status_code == 422
    assert client.post("/general/v0/general", data={}).status_code == 422


@pytest.mark.parametrize("way", ["file", "field", "multipart", "urlencoded"])
def test_ocr_space_takes_a_file_in_every_way(
    client: FlaskClient, picture: bytes, engine: ReadsWords, way: str
) -> None:
    picture = picture + bytes(2 * multipart.MAX_FIELDS_BYTES)  # far more than fields may have
    options: dict[str, Any] = {"language": "ger", "isOverlayRequired": "True"}
    if way in {"multipart", "urlencoded"}:
        options["base64Image"] = data_url(picture)
    if way != "urlencoded":
        options["file" if way == "file" else "scan.png"] = FileStorage(
            BytesIO(b"" if way == "multipart" else picture), "scan.png"
        )
    if way == "urlencoded":
        body, kind = urlencode(options).encode(), "application/x-www-form-urlencoded"
    else:
        boundary, body = encode_multipart(options)
        kind = f'multipart/form-data; boundary="{boundary}"'
    told = client.post("/parse/image", data=body, content_type=kind).get_json()

    (page,) = told["ParsedResults"]
    assert (told["OCRExitCode"], told["IsErroredOnProcessing"]) == (1, False)
    assert page["ParsedText"] == "Fish <&>\r\n"
    (line,) = page["TextOverlay"]["Lines"]
    assert [word["WordText"] for word in line["Words"]] == ["Fish", "<&>"]
    assert engine.readings[-1].languages == ("deu",)


def test_ocr_space_tells_of_pages_that_failed(client: FlaskClient) -> None:
    data = as_pages([draw_lines("Fish"), draw_lines("Fish").resize((9, 40_000))])
    told = client.post("/parse/image", data={"file": file(data)}).get_json()

    assert told["OCRExitCode"] == 2
    assert [one["FileParseExitCode"] for one in told["ParsedResults"]] == [1, -10]
    assert not told["ParsedResults"][0]["TextOverlay"]["HasOverlay"]


@pytest.mark.parametrize(
    "form",
    [{"url": "http://localhost/x.png"}, {"base64Image": "%%%"}, {"language": "xyz"}],
)
def test_ocr_space_tells_errors_in_a_list(
    client: FlaskClient, picture: bytes, form: dict[str, Any]
) -> None:
    sent = {**form, "file": file(picture)} if "language" in form else form
    answer = client.post("/parse/image", data=sent)

    assert answer.status_code == 200
    assert answer.get_json()["IsErroredOnProcessing"]
    assert answer.get_json()["ErrorMessage"][0]


FIELD = st.tuples(
    st.sampled_from(["a", "base64Image", "xbase64Image", ""]), st.text("A+/=&%", max_size=40)
)


@given(st.lists(FIELD, max_size=6), st.sampled_from([1, 2, 3, 7, 20, 1000]))
def test_a_long_field_is_parted_from_the_others_wherever_pieces_end(
    fields: list[tuple[str, str]], piece_bytes: int
) -> None:
    usual, multipart.PIECE_BYTES = multipart.PIECE_BYTES, piece_bytes
    texts, files = b"", []
    for is_file, pieces in multipart._encoded_fields(BytesIO(urlencode(fields).encode())):
        if is_file:
            files.append(b"base64Image=" + b"".join(pieces))
        else:
            texts += next(pieces)
    multipart.PIECE_BYTES = usual

    found = [parse_qsl(one.decode(), keep_blank_values=True)[0] for one in files]
    assert found == [one for one in fields if one[0] == "base64Image"]
    others = parse_qsl(texts.decode().removeprefix("&"), keep_blank_values=True)
    assert others == [one for one in fields if one[0] != "base64Image"]


def test_image_analysis_has_lines_in_one_block(client: FlaskClient, picture: bytes) -> None:
    path = "/computervision/imageanalysis:analyze"
    told = client.post(f"{path}?features=caption,read", data=picture).get_json()
    without = client.post(f"{path}?features=caption", data=picture)
    address = client.post(f"{path}?features=read", json={"url": "http://localhost/x.png"})

    (block,) = told["readResult"]["blocks"]
    assert block["lines"][0]["text"] == "Fish <&>"
    assert len(block["lines"][0]["words"][0]["boundingPolygon"]) == 4
    assert without.status_code == address.status_code == 400


def test_read_is_done_when_it_is_sent(client: FlaskClient, two_pages: bytes) -> None:
    begun = client.post("/vision/v3.2/read/analyze?language=de&pages=2", data=two_pages)
    told = client.get(begun.headers["Operation-Location"]).get_json()
    at_once = client.post("/vision/v3.2/read/syncAnalyze?pages=2", data=two_pages).get_json()

    assert (begun.status_code, told["status"]) == (202, "succeeded")
    (page,) = told["analyzeResult"]["readResults"]
    assert (page["page"], page["unit"], page["lines"][0]["text"]) == (2, "pixel", "Fish <&>")
    assert len(page["lines"][0]["boundingBox"]) == 8
    assert at_once["analyzeResult"] == told["analyzeResult"]
    assert client.get("/vision/v3.2/read/analyzeResults/0").status_code == 404
    assert client.post("/vision/v3.2/read/analyze?pages=x", data=two_pages).status_code == 400


def test_the_old_ocr_has_regions(client: FlaskClient, picture: bytes) -> None:
    told = client.post("/vision/v3.2/ocr", data=picture).get_json()

    line = told["regions"][0]["lines"][0]
    assert [word["text"] for word in line["words"]] == ["Fish", "<&>"]
    assert line["boundingBox"].count(",") == 3


def chat(client: FlaskClient, content: object, **options: object) -> Any:  # noqa: ANN401
    old = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "no picture"}}]}
    messages = [old, {"role": "assistant", "content": "?"}, {"role": "user", "content": content}]
    return client.post("/v1/chat/completions", json={"messages": messages, **options})


def test_a_chat_transcribes_the_pictures_of_its_last_message(
    client: FlaskClient, picture: bytes
) -> None:
    part = {"type": "image_url", "image_url": {"url": data_url(picture)}}
    sheet = {"type": "file", "file": {"file_data": data_url(picture)}}
    told = chat(client, [{"type": "text", "text": "Read."}, part, sheet]).get_json()
    stream = chat(client, [part], stream=True)

    (choice,) = told["choices"]
    assert choice["message"]["content"] == "Fish \\<\\&\\>\n\nFish \\<\\&\\>"
    assert (choice["finish_reason"], told["model"]) == ("stop", "ocr-server")
    events = [one.removeprefix("data: ") for one in stream.get_data(as_text=True).split("\n\n")]
    assert stream.mimetype == "text/event-stream"
    assert json.loads(events[0])["choices"][0]["delta"]["content"] == "Fish \\<\\&\\>"
    assert events[-2:] == ["[DONE]", ""]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("What is the total?", {}),
        ([{"type": "text", "text": "Translate."}], {}),
        ([{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}], {}),
        (None, {"tools": [{"type": "function"}]}),
        (None, {"response_format": {"type": "json_object"}}),
        (None, {"response_format": 7}),
    ],
)
def test_a_chat_is_told_what_the_model_does(
    client: FlaskClient, picture: bytes, content: object, options: dict[str, object]
) -> None:
    part = {"type": "image_url", "image_url": {"url": data_url(picture)}}
    answer = chat(client, content or [part], **options)

    assert answer.status_code == 400
    assert "only transcribes" in answer.get_json()["error"]["message"]


def test_a_response_transcribes_what_its_last_message_shows(
    client: FlaskClient, picture: bytes
) -> None:
    shown = {"type": "input_image", "image_url": data_url(picture), "detail": "auto"}
    sheet = {"type": "input_file", "filename": "a.png", "file_data": data_url(picture)}
    body = {"input": [{"role": "user", "content": [shown, sheet]}], "text": {"verbosity": "low"}}

    told = client.post("/v1/responses", json=body).get_json()
    stream = client.post("/v1/responses", json={**body, "stream": True})

    text = "Fish \\<\\&\\>\n\nFish \\<\\&\\>"
    assert (told["status"], told["output"][0]["content"][0]["text"]) == ("completed", text)
    events = [
        json.loads(one.partition("\ndata: ")[2])
        for one in stream.get_data(as_text=True).split("\n\n")[:-1]
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert "".join(one["delta"] for one in events if one["type"].endswith(".delta")) == text
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"][0]["content"] == told["output"][0]["content"]


@pytest.mark.parametrize(
    "body",
    [
        {"input": "What is the total?"},
        {"input": [{"role": "user", "content": "Translate."}]},
        {"text": {"format": {"type": "json_schema"}}},
        {"tools": [{"type": "web_search"}]},
        {},
    ],
)
def test_a_response_is_told_what_the_model_does(
    client: FlaskClient, picture: bytes, body: dict[str, Any]
) -> None:
    shown = {"type": "input_image", "image_url": data_url(picture)}
    whole = {"input": [{"role": "user", "content": [shown]}], **body} if body else body

    answer = client.post("/v1/responses", json=whole)

    assert answer.status_code == 400
    assert "only transcribes" in answer.get_json()["error"]["message"]


def test_a_model_is_described(client: FlaskClient) -> None:
    assert client.get("/v1/models/ocr-server").get_json()["id"] == "ocr-server"
    assert client.get("/v1/models/gpt-5").status_code == 404
    assert client.post("/api/show", json={"model": "x"}).get_json()["capabilities"][-1] == "vision"
    assert client.get("/api/ps").get_json() == {"models": []}


def test_ollama_answers_chats_and_prompts(client: FlaskClient, picture: bytes) -> None:
    asked = {"model": "x", "images": [encoded(picture)]}
    message = {"role": "user", "content": "Read.", "images": asked["images"]}
    said = client.post("/api/chat", json={"messages": [message], "stream": False}).get_json()
    lines = client.post("/api/generate", json={"prompt": "Read.", **asked}).get_data(as_text=True)
    refused = client.post("/api/chat", json={"messages": [{"role": "user", "content": "Hi"}]})

    assert said["message"] == {"role": "assistant", "content": "Fish \\<\\&\\>"}
    (line,) = map(json.loads, lines.splitlines())
    assert (line["response"], line["done"]) == ("Fish \\<\\&\\>", True)
    assert "only transcribes" in refused.get_json()["error"]
    assert client.get("/api/tags").get_json()["models"][0]["name"] == "ocr-server:latest"
    assert client.get("/api/version").get_json()["version"]


def test_unstructured_has_the_own_text_of_a_file_of_an_office_program(client: FlaskClient) -> None:
    page = b"<html><h1>Tea</h1><p>one<ul><li>two</ul><table><tr><td>x</table>"
    form = {"files": (BytesIO(page), "a.html", "text/html")}

    told = client.post("/general/v0/general", data=form).get_json()

    assert [(one["type"], one["text"]) for one in told] == [
        ("Title", "Tea"), ("NarrativeText", "one"), ("ListItem", "two"), ("Table", "x"),
    ]  # fmt: skip
    assert told[0]["metadata"] == {"filename": "a.html", "filetype": "text/html"}
    assert "<td>x</td>" in told[3]["metadata"]["text_as_html"]
    assert len({one["element_id"] for one in told}) == 4
