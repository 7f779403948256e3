from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import docx
import pytest

from ocr_server.document.model import Document
from ocr_server.errors import TableMissing
from ocr_server.export import FORMATS
from ocr_server.export.archive import archive_of
from ocr_server.export.rendering import LineUse, Rendering
from tests.export.documents import confirmed, document, page, two_pages, zone
from tests.export.pictures import noise, pdf_text
from tests.export.tables import document_of, table_zone
from tests.export.test_markdown import shown_text


def text_of_json(data: bytes) -> str:
    return str(json.loads(data)["text"])


def text_of_tsv(data: bytes) -> str:
    return " ".join(row.split("\t")[11] for row in data.decode().splitlines()[1:])


def text_of_hocr(data: bytes) -> str:
    return "".join(ElementTree.fromstring(data).itertext()).replace("Recognised text", "")  # noqa: S314


def text_of_alto(data: bytes) -> str:
    root = ElementTree.fromstring(data)  # noqa: S314  # our own
    return " ".join(element.get("CONTENT", "") for element in root.iter())


def text_of_docx(data: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs)


def text_of_html(data: bytes) -> str:
    body = data[data.index(b"<body>") : -len(b"</html>\n")].replace(b"<br>", b"")
    return "".join(ElementTree.fromstring(body).itertext())  # noqa: S314  # our own


OF_TABLES = {"csv", "xlsx"}
READERS: dict[str, Callable[[bytes], str]] = {
    "json": text_of_json,
    "text": bytes.decode,
    "tsv": text_of_tsv,
    "hocr": text_of_hocr,
    "alto": text_of_alto,
    "docx": text_of_docx,
    "html": text_of_html,
    "markdown": lambda data: shown_text(data.decode()),
}


@pytest.mark.parametrize("name", READERS)
def test_the_same_text_leaves_in_every_format(name: str) -> None:
    kept = Rendering(lines=LineUse.KEEP)
    data = b"".join(FORMATS[name].render(two_pages(), (), kept))

    assert READERS[name](data).split() == two_pages().text.split()


def pictures_of(document: Document, folder: Path) -> tuple[Path, ...]:
    paths = []
    for one in document.pages:
        path = folder / f"{one.number}.png"
        noise(one.width_px, one.height_px).save(path, dpi=(100, 100))
        paths.append(path)
    return tuple(paths)


def test_the_same_text_leaves_in_a_pdf(tmp_path: Path) -> None:
    made = tmp_path / "made.pdf"
    sources = pictures_of(two_pages(), tmp_path)
    made.write_bytes(b"".join(FORMATS["pdf"].render(two_pages(), sources, Rendering())))

    # PDFium writes a hyphen at the end of a line as a character of its own.
    text = " ".join(pdf_text(made, index) for index in range(2)).replace("\ufffe", "- ")
    assert text.split() == two_pages().text.split()


def test_words_of_scripts_without_blanks_leave_without(tmp_path: Path) -> None:
    chinese = document(page(zone("中文 漢字 and 中文")))
    texts = {
        name: READERS[name](b"".join(FORMATS[name].render(chinese, (), Rendering()))).strip()
        for name in ("json", "text", "hocr", "docx", "markdown")
    }
    made = tmp_path / "made.pdf"
    sources = pictures_of(chinese, tmp_path)
    made.write_bytes(b"".join(FORMATS["pdf"].render(chinese, sources, Rendering())))
    alto = b"".join(FORMATS["alto"].render(chinese, (), Rendering()))

    assert set(texts.values()) == {"中文漢字 and 中文"}
    # These words stand a letter apart, where PDFium sees a blank of its own.
    assert pdf_text(made).replace("文 漢", "文漢") == "中文漢字 and 中文"
    assert alto.count(b"<SP") == 2


def test_every_format_is_tested_here() -> None:
    assert FORMATS.keys() == READERS.keys() | OF_TABLES | {"pdf", "png", "audio", "training"}


@pytest.mark.parametrize("name", sorted(OF_TABLES))
def test_a_document_without_a_table_is_refused_by_formats_of_tables(name: str) -> None:
    with pytest.raises(TableMissing):
        b"".join(FORMATS[name].render(two_pages(), (), Rendering()))


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - OF_TABLES - {"png", "audio", "training"}))
def test_a_document_without_words_leaves_in_every_format(name: str, tmp_path: Path) -> None:
    blank = document(page())
    sources = pictures_of(blank, tmp_path) if FORMATS[name].shows_pictures else ()

    b"".join(FORMATS[name].render(blank, sources, Rendering()))


def test_several_formats_leave_as_one_archive(tmp_path: Path) -> None:
    sources = pictures_of(two_pages(), tmp_path)
    wanted = {name: FORMATS[name] for name in ("pdf", "text", "alto", "png")}

    pieces = list(archive_of(wanted).render(two_pages(), sources, Rendering()))

    assert len(pieces) > len(wanted)
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "document.pdf", "document.txt", "document.alto.xml", "document-1.png", "document-2.png",
        ]  # fmt: skip
        assert archive.read("document.txt").decode() == two_pages().text + "\n"


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - OF_TABLES - {"audio"}))
def test_only_what_is_not_compressed_is_compressed_in_an_archive(name: str, tmp_path: Path) -> None:
    many = document(page(confirmed(zone("\n".join(["Two words"] * 20)))))
    sources = pictures_of(many, tmp_path) if FORMATS[name].shows_pictures else ()

    alone = b"".join(FORMATS[name].render(many, sources, Rendering()))
    gained = 1 - len(zlib.compress(alone)) / len(alone)

    assert (gained < 0.5) == FORMATS[name].is_compressed


def test_an_archive_of_one_page_has_no_numbers_in_it(tmp_path: Path) -> None:
    one = document(replace(page(zone("x")), number=1))
    wanted = {name: FORMATS[name] for name in ("png", "tsv")}

    data = b"".join(archive_of(wanted).render(one, pictures_of(one, tmp_path), Rendering()))

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["document.png", "document.tsv"]


@pytest.mark.parametrize("name", [*READERS, *sorted(OF_TABLES)])
def test_who_asked_is_looked_after_while_a_format_is_made(name: str) -> None:
    """Time and hang-ups are looked at between the pieces that a format is made in."""
    tables = document_of(*[[table_zone(["a", "b"])]] * 10)

    pieces = list(FORMATS[name].render(tables, (), Rendering()))

    assert len(pieces) >= len(tables.pages)
