from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from pyhanko.sign.fields import MDPPerm
from werkzeug.test import TestResponse

from tests.export.pdf.signing import sign
from tests.export.pictures import noise, picture_pdf

CLAIMS = "OCR-PDF-Claims"


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return picture_pdf(tmp_path / "scan.pdf", noise(298, 420))


def post(client: FlaskClient, scan: Path, query: str) -> TestResponse:
    return client.post(
        f"/v1/documents?steps=none&{query}", data=scan.read_bytes(), content_type="application/pdf"
    )


def test_the_answer_says_what_became_of_signatures(client: FlaskClient, scan: Path) -> None:
    sign(scan)

    kept = post(client, scan, "format=pdf")
    packed = post(client, scan, "format=pdf,text")
    dropped = post(client, scan, "format=pdf&signatures=drop")
    text = post(client, scan, "format=text")

    assert kept.headers[CLAIMS] == "signatures=updated"
    assert kept.data.startswith(scan.read_bytes())
    assert packed.headers[CLAIMS] == "signatures=updated"
    with ZipFile(BytesIO(packed.data)) as archive:
        assert archive.read("document.pdf") == kept.data
    assert dropped.headers[CLAIMS] == "signatures=dropped"
    assert CLAIMS not in text.headers


def test_a_certified_pdf_is_refused_with_the_option_that_helps(
    client: FlaskClient, scan: Path
) -> None:
    sign(scan, certify=MDPPerm.FILL_FORMS)

    answer = post(client, scan, "format=pdf")

    problem = json.loads(answer.data)
    assert (answer.status_code, problem["code"]) == (422, "signed-document")
    assert "signatures=drop" in problem["detail"]
    assert CLAIMS not in answer.headers
    assert post(client, scan, "format=text").status_code == 200


def test_a_corrected_document_is_appended_too(client: FlaskClient, scan: Path) -> None:
    sign(scan)
    document = post(client, scan, "format=json").data

    for option, outcome in (("keep", "updated"), ("drop", "dropped")):
        answer = client.post(
            "/v1/render",
            data={
                "document": (BytesIO(document), "document.json"),
                "file": (BytesIO(scan.read_bytes()), "scan.pdf"),
                "format": "pdf",
                "signatures": option,
            },
        )

        assert answer.headers[CLAIMS] == f"signatures={outcome}"
