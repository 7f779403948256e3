"""Files that have text and no picture: of office programs, e-books, mail and pages of the web.

Their own text as blocks, where the packages of the category `office` are installed. Nothing is
fetched, no macro or formula is run, and pictures inside are not read. Sources: ECMA-376 (docx,
pptx, xlsx), EPUB 3.3, RFC 5322 (mail), HTML Living Standard.
"""

from __future__ import annotations

import csv
import email
import email.policy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath, PurePosixPath
from typing import Any
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from ocr_server.errors import (
    AnswerTooLarge,
    DamagedPicture,
    EncryptedDocument,
    OcrServerError,
    UnsupportedFormat,
)
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph
from ocr_server.office.html import html_blocks, is_utf_8, table_of
from ocr_server.sources.signatures import media_type_of_file

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
# Of an archive: a novel has two megabytes of text, a workbook of a million cells fifty.
_MOST_PARTS, _MOST_UNPACKED_BYTES = 5_000, 100 * 2**20
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"  # of a protected file, and of those before 2007
_MOST_LEVEL = 6  # of headings


def office_type_of(path: Path, *, name: str, media_type: str) -> str | None:
    """The media type of a file that has text and no picture, by what it was sent as or its name.

    None of a picture, a PDF, and of what is none of these.
    """
    if media_type_of_file(path) is not None:
        return None
    if media_type in _READERS:
        return media_type
    return _SUFFIXES.get(PurePath(name.lower()).suffix)


def check_office_is_read() -> None:
    """Do nothing if such files can be read here.

    Raises:
        UnsupportedFormat: the packages are not installed.
    """
    if any(find_spec(name) is None for name in ("pptx", "openpyxl")):
        raise UnsupportedFormat(
            "The text of office files, e-books, mail and pages of the web is taken by packages "
            "that are not installed on this server. Send a picture or PDF, or have the operator "
            'install them: pipenv sync --categories "packages office".'
        )


def office_blocks(path: Path, media_type: str) -> Iterator[Block]:
    """The blocks of a file of a media type that `office_type_of` knows.

    Raises:
        AnswerTooLarge: unpacked it has more bytes than the limit.
        DamagedPicture: it cannot be read.
        EncryptedDocument: it is protected by a password.
    """
    try:
        yield from _READERS[media_type](path)
    except (OcrServerError, MemoryError):
        raise
    except Exception as error:  # three libraries raise whatever a broken file makes of them
        raise _damaged() from error


def _damaged() -> DamagedPicture:
    return DamagedPicture("The file cannot be read: it is damaged, or not what it is sent as.")


def _checked_archive(path: Path, *, is_open_xml: bool = True) -> ZipFile:
    """An archive within the limits; parts of Open XML declare no entities (ECMA-376-2, 8.1.4)."""
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise EncryptedDocument(
                "The file is protected by a password, or of before 2007. Save it anew."
            )
    try:
        archive = ZipFile(path)
    except BadZipFile as error:
        raise _damaged() from error
    parts = archive.infolist()
    size_bytes = sum(part.file_size for part in parts)
    if size_bytes > _MOST_UNPACKED_BYTES or len(parts) > _MOST_PARTS:
        raise AnswerTooLarge(
            f"The file has {size_bytes} bytes in {len(parts)} parts when it is unpacked; the "
            f"limit is {_MOST_UNPACKED_BYTES} in {_MOST_PARTS}.",
            limit=_MOST_UNPACKED_BYTES,
        )
    for part in parts if is_open_xml else ():
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as opened:
                if _DECLARED.search(opened.read(4096)):
                    raise _damaged()
    return archive


def _read_docx(path: Path) -> Iterator[Block]:
    import docx  # noqa: PLC0415
    from docx.table import Table as WordTable  # noqa: PLC0415

    _checked_archive(path).close()
    for item in docx.Document(str(path)).iter_inner_content():
        if isinstance(item, WordTable):
            yield from table_of([[cell.text for cell in row.cells] for row in item.rows])
            continue
        style = item.style.name if item.style and item.style.name else ""
        text = item.text.strip()
        if not text:
            continue
        level = re.fullmatch(r"Heading (\d)", style)
        if style == "Title" or level:
            yield Heading(text, min(int(level[1]) if level else 1, _MOST_LEVEL))
        elif style.startswith("List") or item._p.xpath("./w:pPr/w:numPr"):  # no public way
            yield ListItem(text, is_numbered=False, bullet="-")
        else:
            yield Paragraph(text)


def _read_pptx(path: Path) -> Iterator[Block]:
    import pptx  # noqa: PLC0415

    _checked_archive(path).close()
    for slide in pptx.Presentation(str(path)).slides:
        title = slide.shapes.title
        for shape in _shapes(slide.shapes):
            if shape.has_text_frame:
                texts = [text for one in shape.text_frame.paragraphs if (text := one.text.strip())]
                is_title = title is not None and shape.shape_id == title.shape_id
                if is_title and texts:
                    yield Heading(" ".join(texts), 2)
                else:
                    yield from map(Paragraph, texts)
            elif shape.has_table:
                yield from table_of([[cell.text for cell in row.cells] for row in shape.table.rows])
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            yield from map(Paragraph, filter(None, (one.strip() for one in notes.text.split("\n"))))


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes, those of groups among them; python-pptx's own types are not told by `isinstance`."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _read_xlsx(path: Path) -> Iterator[Block]:
    import openpyxl  # noqa: PLC0415

    _checked_archive(path).close()
    with path.open("rb") as file:  # of a path it wants the suffix
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            # What a file says of its size is not believed: it may be a million empty rows.
            sheet.reset_dimensions()
            rows = [
                ["" if value is None else str(value) for value in row]
                for row in sheet.iter_rows(values_only=True)
                if any(value is not None for value in row)
            ]
            if rows:
                yield Heading(sheet.title, 2)
                yield from table_of(rows)


def _read_epub(path: Path) -> Iterator[Block]:
    """The chapters in the order of the spine (EPUB 3.3, 5.7)."""
    with _checked_archive(path, is_open_xml=False) as archive:
        container = _xml(archive.read("META-INF/container.xml"))
        (package, *_) = container.xpath("//*[local-name()='rootfile']/@full-path")
        book = _xml(archive.read(package))
        items = {
            one.get("id"): one.get("href")
            for one in book.xpath("//*[local-name()='manifest']/*[local-name()='item']")
        }
        for id_ in book.xpath("//*[local-name()='spine']/*[local-name()='itemref']/@idref"):
            chapter = PurePosixPath(package).parent / unquote(items[id_])
            yield from html_blocks(archive.read(str(chapter)))


def _xml(data: bytes) -> Any:  # noqa: ANN401  # lxml has no types
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def _read_html(path: Path) -> Iterator[Block]:
    yield from html_blocks(path.read_bytes())


def _read_mail(path: Path) -> Iterator[Block]:
    """Subject, sender and text; attachments are left out."""
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    if subject := message.get("subject"):
        yield Heading(str(subject), 1)
    for name in ("From", "To", "Cc", "Date"):
        if value := message.get(name):
            yield Paragraph(f"{name}: {value}")
    body = message.get_body(("html", "plain"))
    if body is None:
        return
    content = body.get_content()
    if body.get_content_type() == "text/html":
        yield from html_blocks(content.encode(errors="replace"))
    else:
        yield from _paragraphs(content)


def _read_csv(path: Path) -> Iterator[Block]:
    text = _decoded(path.read_bytes())
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    yield from table_of([row for row in csv.reader(text.splitlines(), dialect) if row])


def _read_plain(path: Path) -> Iterator[Block]:
    yield from _paragraphs(_decoded(path.read_bytes()))


def _paragraphs(text: str) -> Iterator[Block]:
    for part in re.split(r"\r?\n[ \t]*(?:\r?\n[ \t]*)+", text):
        if part.strip():
            yield Paragraph(part.strip().replace("\r\n", "\n"))


def _decoded(data: bytes) -> str:
    """Text by its byte order mark, else UTF-8, else what Windows writes in the West."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig" if is_utf_8(data) else "cp1252", errors="replace")


_READERS: Mapping[str, Callable[[Path], Iterator[Block]]] = {
    f"{_OPEN_XML}.wordprocessingml.document": _read_docx,
    f"{_OPEN_XML}.presentationml.presentation": _read_pptx,
    f"{_OPEN_XML}.spreadsheetml.sheet": _read_xlsx,
    "application/epub+zip": _read_epub,
    "text/html": _read_html,
    "message/rfc822": _read_mail,
    "text/csv": _read_csv,
    "text/plain": _read_plain,
    "text/markdown": _read_plain,
}
_SUFFIXES = dict(
    zip(
        (".docx", ".pptx", ".xlsx", ".epub", ".html", ".eml", ".csv", ".txt", ".md"),
        _READERS,
        strict=True,
    )
) | {".htm": "text/html"}
