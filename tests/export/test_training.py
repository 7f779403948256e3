from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw

from ocr_server.document.model import Document
from ocr_server.errors import FormatUnavailable
from ocr_server.export import FORMATS
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box
from scripts.training.lines import cut_lines
from tests.export.documents import confirmed, document, json_of, page, two_pages, zone

PAGE = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"


def half_confirmed() -> Document:
    """A page of which a person has checked the first line, and one word of the second."""
    read = zone("Dear Anna\nwe came late")
    first, second = read.lines
    words = (replace(second.words[0], checked=True), *second.words[1:])
    lines = (*confirmed(replace(read, lines=(first,))).lines, replace(second, words=words))
    return document(page(replace(read, lines=lines)))


def sheet(of: Document, folder: Path) -> tuple[Path, ...]:
    """A picture of each page, with a black bar where each line is."""
    paths = []
    for one in of.pages:
        picture = Image.new("RGB", (one.width_px, one.height_px), "white")
        for line in one.lines:
            ImageDraw.Draw(picture).rectangle(line.box.rounded(), "black")
        paths.append(folder / f"{one.number}.png")
        picture.save(paths[-1])
    return tuple(paths)


def archive(of: Document, folder: Path) -> zipfile.ZipFile:
    """The format's file, opened."""
    data = b"".join(FORMATS["training"].render(of, sheet(of, folder), Rendering()))
    return zipfile.ZipFile(io.BytesIO(data))


def test_only_lines_that_a_person_has_checked_leave(tmp_path: Path) -> None:
    with archive(half_confirmed(), tmp_path) as packed:
        assert packed.namelist() == [
            "page-1.jpg", "page-1.xml", "page-1-line-1.png", "page-1-line-1.gt.txt",
        ]  # fmt: skip
        assert packed.read("page-1-line-1.gt.txt").decode() == "Dear Anna\n"
        line = Image.open(io.BytesIO(packed.read("page-1-line-1.png")))
        assert line.size == (90, 20)
        extremes = line.convert("L").getextrema()
        assert extremes[1] < 10  # type: ignore[operator]  # grey has one pair


def test_the_page_file_has_places_and_texts(tmp_path: Path) -> None:
    with archive(half_confirmed(), tmp_path) as packed:
        shown = ElementTree.fromstring(packed.read("page-1.xml")).find(f"{PAGE}Page")  # noqa: S314

    assert shown is not None
    assert shown.attrib == {
        "imageFilename": "page-1.jpg", "imageWidth": "600", "imageHeight": "400",
    }  # fmt: skip
    (line,) = shown.iter(f"{PAGE}TextLine")
    assert [one.get("points") for one in line.iter(f"{PAGE}Coords")] == [
        "40,30 130,30 130,50 40,50"
    ]
    assert [one.get("points") for one in line.iter(f"{PAGE}Baseline")] == ["40,45 130,45"]
    assert [one.text for one in line.iter(f"{PAGE}Unicode")] == ["Dear Anna"]


def test_training_takes_the_archive_as_it_is(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    with archive(half_confirmed(), tmp_path) as packed:
        packed.extractall(pages)

    assert cut_lines(pages, tmp_path / "lines") == (1, 1)
    (row,) = (tmp_path / "lines/lines.jsonl").read_text(encoding="utf8").splitlines()
    assert json.loads(row)["text"] == "Dear Anna"


def test_pages_without_a_confirmed_line_are_left_out(tmp_path: Path) -> None:
    first, second = two_pages().pages
    second = replace(second, zones=tuple(map(confirmed, second.zones)))

    with archive(document(first, second), tmp_path) as packed:
        names = packed.namelist()

    assert names[:2] == ["page-2.jpg", "page-2.xml"]
    assert all(name.startswith("page-2") for name in names)


def test_without_a_confirmed_line_it_is_refused(tmp_path: Path) -> None:
    of = document(page(zone("Dear Anna")))

    with pytest.raises(FormatUnavailable, match="No line of the document is confirmed"):
        FORMATS["training"].render(of, sheet(of, tmp_path), Rendering())


def test_a_line_without_area_has_no_picture(tmp_path: Path) -> None:
    flat = confirmed(zone("Dear Anna"))
    line = replace(flat.lines[0], quad=Box(40, 30, 40, 30).quad())

    with archive(document(page(replace(flat, lines=(line,)))), tmp_path) as packed:
        assert packed.namelist() == ["page-1.jpg", "page-1.xml"]


def test_a_corrected_document_leaves_through_the_api(client: FlaskClient, tmp_path: Path) -> None:
    value = json_of(half_confirmed())
    (picture,) = sheet(half_confirmed(), tmp_path)

    answer = client.post(
        "/v1/render",
        data={
            "document": json.dumps(value), "format": "training",
            "file": (io.BytesIO(picture.read_bytes()), "sheet.png"),
        },
    )  # fmt: skip

    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.read("page-1-line-1.gt.txt").decode() == "Dear Anna\n"
