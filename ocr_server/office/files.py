"""Files that have text of their own: of office programs, e-books, mail and pages of the web.

It is taken as blocks, with the pictures that stand between them, where the packages of the category
`office` are installed. Nothing is fetched, and no macro or formula is run. Sources: EPUB 3.3, RFC
5322 (mail), HTML Living Standard; of docx, pptx and xlsx see `open_xml.py`.
"""

from __future__ import annotations

import csv
import email
import email.policy
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

from ocr_server.errors import OcrServerError, UnsupportedFormat
from ocr_server.export.blocks import Heading, Paragraph
from ocr_server.office.html import html_blocks, is_utf_8, table_of
from ocr_server.office.open_xml import (
    checked_archive,
    damaged,
    read_docx,
    read_pptx,
    read_xlsx,
    xml_of,
)
from ocr_server.office.pictures import OfficeBlock, Picture
from ocr_server.sources.damage import check_system
from ocr_server.sources.signatures import media_type_of_file

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_HEAD_BYTES = 1024
_WEB_PAGE = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL
)
# What stands first in a mail, by RFC 5322, 3.6, and by the programs that pass it on.
_MAIL = re.compile(
    rb"(?:received|return-path|delivered-to|from|to|subject|date|message-id|mime-version|reply-to"
    rb"|x-[-a-z]+|dkim-signature|arc-[-a-z]+):[ \t]\S[^\r\n]*\r?\n(?:[-a-z]+:|[ \t])",
    re.IGNORECASE,
)


def office_type_of(path: Path, *, name: str, media_type: str) -> str | None:
    """The media type of a file that has text: by what it was sent as, its name, or its content.

    None of a picture, a PDF, and of what is none of these. Plain text is never told by its content.
    """
    if media_type_of_file(path) is not None:
        return None
    if media_type in _READERS:
        return media_type
    return _SUFFIXES.get(PurePath(name.lower()).suffix) or _type_by_content(path)


def _type_by_content(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if _WEB_PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "text/html"
    if _MAIL.match(head):
        return "message/rfc822"
    if not head.startswith(b"PK\x03\x04"):
        return None
    try:
        with ZipFile(path) as archive:
            parts = set(archive.namelist())
    except BadZipFile:
        return None
    return next((kind for kind, part in _MAIN_PARTS.items() if part in parts), None)


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


def office_blocks(path: Path, media_type: str) -> Iterator[OfficeBlock]:
    """The blocks and pictures of a file of a media type that `office_type_of` knows.

    Raises:
        AnswerTooLarge: unpacked it has more bytes than the limit.
        DamagedPicture: it cannot be read.
        EncryptedDocument: it is protected by a password.
        OSError: the system does not let it be read.
    """
    try:
        yield from _READERS[media_type](path)
    except OcrServerError:
        raise
    except Exception as error:  # three libraries raise whatever a broken file makes of them
        check_system(error)
        raise damaged() from error


def _read_epub(path: Path) -> Iterator[OfficeBlock]:
    """The chapters in the order of the spine (EPUB 3.3, 5.7)."""
    with checked_archive(path, is_open_xml=False) as archive:
        container = xml_of(archive.read("META-INF/container.xml"))
        (package, *_) = container.xpath("//*[local-name()='rootfile']/@full-path")
        book = xml_of(archive.read(package))
        items = {
            one.get("id"): one.get("href")
            for one in book.xpath("//*[local-name()='manifest']/*[local-name()='item']")
        }
        parts = set(archive.namelist())

        def picture_at(chapter: str, address: str) -> bytes | None:
            url = urlsplit(address)
            part = _beside(chapter, url.path)
            return archive.read(part) if not url.netloc and part in parts else None

        for id_ in book.xpath("//*[local-name()='spine']/*[local-name()='itemref']/@idref"):
            chapter = _beside(package, items[id_])
            yield from html_blocks(archive.read(chapter), partial(picture_at, chapter))


def _beside(part: str, address: str) -> str:
    """The part of an archive that an address in another part names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), unquote(address)))


def _read_html(path: Path) -> Iterator[OfficeBlock]:
    yield from html_blocks(path.read_bytes())


def _read_mail(path: Path) -> Iterator[OfficeBlock]:
    """Subject, sender, text and pictures; other attachments are left out."""
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    if subject := message.get("subject"):
        yield Heading(str(subject), 1)
    for name in ("From", "To", "Cc", "Date"):
        if value := message.get(name):
            yield Paragraph(f"{name}: {value}")
    body = message.get_body(("html", "plain"))
    if body is not None:
        content = body.get_content()
        if body.get_content_type() == "text/html":
            yield from html_blocks(content.encode(errors="replace"))
        else:
            yield from _paragraphs(content)
    for part in message.walk():
        if part.get_content_maintype() == "image" and isinstance(part, EmailMessage):
            yield Picture(part.get_content())


def _read_csv(path: Path) -> Iterator[OfficeBlock]:
    text = _decoded(path.read_bytes())
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    yield from table_of([row for row in csv.reader(text.splitlines(), dialect) if row])


def _read_plain(path: Path) -> Iterator[OfficeBlock]:
    yield from _paragraphs(_decoded(path.read_bytes()))


def _paragraphs(text: str) -> Iterator[OfficeBlock]:
    for part in re.split(r"\r?\n[ \t]*(?:\r?\n[ \t]*)+", text):
        if part.strip():
            yield Paragraph(part.strip().replace("\r\n", "\n"))


def _decoded(data: bytes) -> str:
    """Text by its byte order mark, else UTF-8, else what Windows writes in the West."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig" if is_utf_8(data) else "cp1252", errors="replace")


_READERS: Mapping[str, Callable[[Path], Iterator[OfficeBlock]]] = {
    f"{_OPEN_XML}.wordprocessingml.document": read_docx,
    f"{_OPEN_XML}.presentationml.presentation": read_pptx,
    f"{_OPEN_XML}.spreadsheetml.sheet": read_xlsx,
    "application/epub+zip": _read_epub,
    "text/html": _read_html,
    "message/rfc822": _read_mail,
    "text/csv": _read_csv,
    "text/plain": _read_plain,
    "text/markdown": _read_plain,
}
_MAIN_PARTS = {
    f"{_OPEN_XML}.wordprocessingml.document": "word/document.xml",
    f"{_OPEN_XML}.presentationml.presentation": "ppt/presentation.xml",
    f"{_OPEN_XML}.spreadsheetml.sheet": "xl/workbook.xml",
    "application/epub+zip": "META-INF/container.xml",
}
_SUFFIXES = dict(
    zip(
        (".docx", ".pptx", ".xlsx", ".epub", ".html", ".eml", ".csv", ".txt", ".md"),
        _READERS,
        strict=True,
    )
) | {".htm": "text/html"}
