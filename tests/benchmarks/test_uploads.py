from __future__ import annotations

import base64
import json
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from benchmarks import uploads


def test_the_base64_is_that_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "JSON_BYTES", 100_000)

    for group, separator in ((100_000, ""), (2, " "), (4, "\\n")):
        body = uploads.base64_json(group, separator)

        assert len(body) == pytest.approx(100_000, rel=0.01)
        encoded = "".join(json.loads(body)["image"].split())
        picture = Image.open(BytesIO(base64.b64decode(encoded + "=" * (-len(encoded) % 4))))
        assert picture.size == (560, 120)


def test_the_pages_of_the_pdf_share_their_words() -> None:
    with pikepdf.open(BytesIO(uploads.pdf_of_words())) as pdf:
        contents = {page.Contents.objgen for page in pdf.pages}
        words = pdf.pages[0].Contents.read_bytes().count(b"(ab cd)") * 2

        assert (len(pdf.pages), len(contents), words) == (20, 1, 20_000)
