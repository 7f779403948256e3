from __future__ import annotations

import base64
import errno
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import TypeAlias

import docx
import openpyxl
import pptx
import pytest

from ocr_server.errors import AnswerTooLarge, DamagedPicture, EncryptedDocument, OutOfMemory
from ocr_server.export.markdown import markdown_of
from ocr_server.export.text import blocks_text
from ocr_server.job import Limits
from ocr_server.office import open_xml
from ocr_server.office.files import office_blocks, office_type_of
from ocr_server.office.pictures import picture_path, unpack_pictures, with_pictures_read
from tests.drawing import as_file, draw_lines
from tests.export.documents import document, page, zone

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Made: TypeAlias = tuple[str, bytes]


def made_docx() -> bytes:
    made = docx.Document()
    made.add_heading("The title", 1)
    made.add_paragraph("Tea & cake < 5")
    made.add_paragraph("one thing", style="List Bullet")
    table = made.add_table(2, 2)
    for at, text in enumerate(("Item", "Sum", "Tea", "2")):
        table.cell(at // 2, at % 2).text = text
    return saved(made.save)


def made_pptx() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "The title"
    slide.placeholders[1].text = "Tea & cake"
    return saved(made.save)


def made_xlsx() -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Sums"
    sheet.append(["Tea & cake", 2.5])
    return saved(made.save)


def made_epub() -> bytes:
    return zipped(
        {
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="in/a.opf"/>'
            "</rootfiles></container>",
            "in/a.opf": '<package><manifest><item id="c" href="c%201.xhtml"/></manifest>'
            '<spine><itemref idref="c"/></spine></package>',
            "in/c 1.xhtml": "<html><body><h1>The title</h1><p>Tea &amp; cake</p></body></html>",
        }
    )


def made_mail() -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"] = "The title", "a@example.org"
    made.set_content("Tea & cäke\n\nand more")
    return made.as_bytes()


def zipped(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    return zipped({**parts, name: change(parts[name])})


def markdown(tmp_path: Path, name: str, data: bytes) -> str:
    path = tmp_path / "1"  # as in the folder of a request
    path.write_bytes(data)
    media_type = office_type_of(path, name=name, media_type="application/octet-stream")
    assert media_type is not None
    return markdown_of(with_pictures_read(office_blocks(path, media_type), None, ()))


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        (
            "a.docx",
            made_docx,
            "# The title\n\nTea \\& cake \\< 5\n\n- one thing\n\n"
            "| Item | Sum |\n| --- | --- |\n| Tea | 2 |",
        ),
        ("a.pptx", made_pptx, "## The title\n\nTea \\& cake"),
        ("a.xlsx", made_xlsx, "## Sums\n\n| Tea \\& cake | 2.5 |\n| --- | --- |"),
        ("a.epub", made_epub, "# The title\n\nTea \\& cake"),
        (
            "a.eml",
            made_mail,
            "# The title\n\nFrom: a@example.org\n\nTea \\& cäke\n\nand more",
        ),
        ("a.csv", lambda: b"Item;Sum\nTea;2\n", "| Item | Sum |\n| --- | --- |\n| Tea | 2 |"),
        ("a.txt", lambda: "Größe\r\n\r\nzwei".encode("cp1252"), "Größe\n\nzwei"),
        ("a.txt", lambda: "Größe".encode("utf-16"), "Größe"),
    ],
)
def test_the_text_of_a_file_is_its_own(
    tmp_path: Path, name: str, make: Callable[[], bytes], expected: str
) -> None:
    assert markdown(tmp_path, name, make()) == expected


def test_a_page_of_the_web_has_its_text_and_no_other(tmp_path: Path) -> None:
    page = """<html><head><title>t</title><style>s</style></head><body><h2>The <b>title</b></h2>
    Words<p>and <a href="http://127.0.0.1:9/">more</a><script>x</script><ul><li>one<li>two</ul>
    <table><tr><th>Item<td>Tea</table><!-- no --><img src="http://127.0.0.1:9/x"></body></html>"""

    assert markdown(tmp_path, "a.html", page.encode()) == (
        "## The title\n\nWords\n\nand more\n\n- one\n- two\n\n| Item | Tea |\n| --- | --- |"
    )


def test_entities_are_refused(tmp_path: Path) -> None:
    def declare(part: bytes) -> bytes:
        declaration = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        return part.replace(b"?>", b"?>" + declaration, 1)

    data = with_part(made_docx(), "word/document.xml", declare)

    with pytest.raises(DamagedPicture):
        markdown(tmp_path, "a.docx", data)


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_xml, "_MOST_UNPACKED_BYTES", 100_000)
    bomb = with_part(made_docx(), "word/document.xml", lambda part: part + b" " * 200_000)

    with pytest.raises(AnswerTooLarge):
        markdown(tmp_path, "a.docx", bomb)


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_a_damaged_file_is_an_error(tmp_path: Path, name: str) -> None:
    for data in (b"no archive", zipped({"x": "y"})):
        with pytest.raises(DamagedPicture):
            markdown(tmp_path, name, data)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "full"), OSError),
        (PermissionError(errno.EACCES, "not allowed"), PermissionError),
        (OSError(errno.ENOMEM, "no memory"), OutOfMemory),
        (MemoryError(), OutOfMemory),
        (OSError("a library says it is broken"), DamagedPicture),
    ],
)
def test_what_the_system_says_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: type[Exception]
) -> None:
    file = made_docx()

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)

    with pytest.raises(told):
        markdown(tmp_path, "a.docx", file)


def test_a_protected_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(EncryptedDocument):
        markdown(tmp_path, "a.docx", b"\xd0\xcf\x11\xe0" + bytes(600))


def test_a_picture_is_none_of_them_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")

    assert office_type_of(path, name="a.docx", media_type=WORD) is None
    path.write_bytes(b"PK\x03\x04")
    assert office_type_of(path, name="a.bin", media_type="application/octet-stream") is None
    assert office_type_of(path, name="a.bin", media_type=WORD) == WORD


@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        (made_docx, WORD),
        (made_pptx, WORD.replace("wordprocessingml.document", "presentationml.presentation")),
        (made_xlsx, WORD.replace("wordprocessingml.document", "spreadsheetml.sheet")),
        (made_epub, "application/epub+zip"),
        (made_mail, "message/rfc822"),
        (lambda: b"\xef\xbb\xbf<!-- a --> <!DOCTYPE html><p>Tea", "text/html"),
        (lambda: b"only: words of some text\n\nand more", None),
        (lambda: zipped({"x": "y"}), None),
    ],
)
def test_a_file_without_name_and_type_is_known_by_its_content(
    tmp_path: Path, make: Callable[[], bytes], media_type: str | None
) -> None:
    path = tmp_path / "1"
    path.write_bytes(make())

    assert office_type_of(path, name="", media_type="") == media_type


def docx_with_pictures(*pictures: bytes) -> bytes:
    made = docx.Document()
    for number, data in enumerate(pictures, 1):
        made.add_paragraph(f"before {number}")
        made.add_picture(io.BytesIO(data))
    made.add_paragraph("the end")
    return saved(made.save)


def pptx_with_picture(data: bytes) -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "before 1"
    slide.shapes.add_picture(io.BytesIO(data), 0, 0)
    return saved(made.save)


def xlsx_with_picture(data: bytes) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "before 1"
    sheet.add_image(openpyxl.drawing.image.Image(io.BytesIO(data)), "B2")
    return saved(made.save)


def epub_with_picture(data: bytes) -> bytes:
    chapter = '<html><body><p>before 1 <img src="../p/a%20b.png"/><img src="http://x/a.png"/></p>'
    with zipfile.ZipFile(io.BytesIO(made_epub())) as archive:
        parts: dict[str, str | bytes] = {one: archive.read(one) for one in archive.namelist()}
    return zipped({**parts, "in/c 1.xhtml": chapter, "p/a b.png": data})


def page_with_picture(data: bytes) -> bytes:
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return f'<html><p>before <b>1</b><img src="{url}"><img src="http://x/a.png">'.encode()


def mail_with_picture(data: bytes) -> bytes:
    made = EmailMessage()
    made["Subject"] = "before 1"
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf")
    made.add_attachment(data, maintype="image", subtype="png")
    return made.as_bytes()


@pytest.mark.parametrize(
    "make",
    [
        docx_with_pictures,
        pptx_with_picture,
        xlsx_with_picture,
        epub_with_picture,
        page_with_picture,
        mail_with_picture,
    ],
)
def test_what_is_read_in_a_picture_stands_in_its_place(
    tmp_path: Path, make: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "1"
    path.write_bytes(make(as_file(draw_lines("Fish"))))
    media_type = office_type_of(path, name="", media_type="")
    assert media_type is not None

    counts = unpack_pictures(office_blocks(path, media_type), path, Limits())
    read = document(page(zone("in the picture")))
    text = blocks_text(with_pictures_read(office_blocks(path, media_type), read, counts))

    assert counts == (1,)
    assert picture_path(path, 1).read_bytes().startswith(b"\x89PNG")
    assert text.split("\n\n")[:2] == ["before 1", "in the picture"]


def test_equal_pictures_are_unpacked_once_and_stand_in_each_place(tmp_path: Path) -> None:
    path = tmp_path / "1"
    fish, bird = as_file(draw_lines("Fish")), as_file(draw_lines("Bird"))
    path.write_bytes(docx_with_pictures(fish, bird, fish))

    counts = unpack_pictures(office_blocks(path, WORD), path, Limits())
    read = document(page(zone("a fish")), page(zone("a bird"), number=2))
    text = blocks_text(with_pictures_read(office_blocks(path, WORD), read, counts))

    assert counts == (1, 1)
    assert text.split("\n\n") == [
        "before 1", "a fish", "before 2", "a bird", "before 3", "a fish", "the end",
    ]  # fmt: skip


def test_pictures_beyond_the_limit_of_pages_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(docx_with_pictures(*(as_file(draw_lines(one)) for one in ("a", "b"))))

    counts = unpack_pictures(office_blocks(path, WORD), path, Limits(max_pages=1))

    assert counts == (1, 0)
    assert not picture_path(path, 2).exists()
