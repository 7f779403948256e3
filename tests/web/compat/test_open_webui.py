from __future__ import annotations

from flask.testing import FlaskClient

HEADERS = {"X-Filename": "a%20scan.png", "Authorization": "Bearer anything"}


def test_each_page_is_an_entry(client: FlaskClient, two_pages: bytes) -> None:
    answer = client.put("/process", data=two_pages, headers=HEADERS, content_type="image/tiff")

    entries = answer.get_json()
    assert [entry["page_content"] for entry in entries] == ["Fish <&>"] * 2
    assert entries[1]["metadata"] == {"page": 2, "pages": 2, "confidence": 0.9}


def test_nothing_read_is_the_error_that_lets_it_try_something_else(
    client: FlaskClient, blank: bytes
) -> None:
    answer = client.put("/process", data=blank)

    assert answer.status_code == 422
    assert answer.get_json()["code"] == "no-text"
    assert "No extractable text" in answer.get_json()["detail"]


def test_a_file_of_an_office_program_is_its_own_text(client: FlaskClient) -> None:
    headers = {"X-Filename": "a%20page.html"}

    answer = client.put("/process", data=b"<h1>Tea &amp; cake</h1><p>one", headers=headers)

    assert [entry["page_content"] for entry in answer.get_json()] == ["Tea & cake\n\none"]


def test_a_reason_stands_in_detail(client: FlaskClient) -> None:
    answers = [client.put("/process", data=data) for data in (b"", b"no picture")]

    assert [answer.status_code for answer in answers] == [400, 415]
    assert all(answer.get_json()["detail"] for answer in answers)
