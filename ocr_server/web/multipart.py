"""Forms of several parts, where a part without a file name may be a file all the same.

Programs that hold a picture in memory often send it without a name; what tells a file then is its
media type, or its first bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import IO, TypeAlias
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from ocr_server.job import Source
from ocr_server.request.options import OPTIONS
from ocr_server.sources.signatures import media_type_of
from ocr_server.web import auth
from ocr_server.web.context import job_folder

PIECE_BYTES = 64 * 1024
MAX_FIELDS_BYTES = 1024 * 1024  # of form fields that are not files
MOST_FIELDS = 1000
CHARSETS = ("ascii", "us-ascii", "utf-8", "iso-8859-1")
JSON = "application/json"
TEXT_FIELDS = frozenset({*OPTIONS, auth.FIELD, "document", "text"})
# A picture as a text of base64, as OCR.space names it: kept as a file, whatever form it comes in.
BASE64_FIELD = "base64Image"

Part: TypeAlias = Field | File
Parsed: TypeAlias = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


class MultipartParser(FormDataParser):
    """Werkzeug's parser of forms, but for what it takes for a file."""

    def _parse_multipart(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> Parsed:
        del mimetype, content_length
        boundary = options.get("boundary", "").encode("ascii")
        if not boundary:
            raise ValueError("Missing boundary")
        decoder = MultipartDecoder(
            boundary, self.max_form_memory_size, max_parts=self.max_form_parts
        )
        texts: list[tuple[str, str]] = []
        files: list[tuple[str, FileStorage]] = []
        part: Part | None = None
        while True:
            event = decoder.next_event()
            if isinstance(event, Epilogue):
                return stream, self.cls(texts), self.cls(files)
            if isinstance(event, NeedData):
                decoder.receive_data(stream.read(PIECE_BYTES) or None)
            elif isinstance(event, Field | File):
                part = event
            elif isinstance(event, Data) and part is not None:
                rest = _rest_of_part(decoder, stream) if event.more_data else iter(())
                data = self._text_or_head(part, event.data, rest)
                if _is_file(part, data):
                    source = job_folder().add(chain([data.getvalue()], rest))
                    files.append((part.name, UploadedFile(source, part)))
                else:
                    texts.append((part.name, _text_of(part, data)))

    def _parse_urlencoded(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> Parsed:
        del mimetype, content_length, options
        most_bytes = self.max_form_memory_size or MAX_FIELDS_BYTES
        text, files = bytearray(), []
        for is_file, pieces in _encoded_fields(stream):
            if is_file:
                part = File(name=BASE64_FIELD, filename="", headers=Headers())
                files.append((part.name, UploadedFile(job_folder().add(pieces), part)))
            else:
                text += next(pieces)
            if len(text) > most_bytes or len(files) > MOST_FIELDS:
                raise RequestEntityTooLarge
        return stream, self.cls(parse_fields(bytes(text).removeprefix(b"&"))), self.cls(files)

    def _text_or_head(self, part: Part, first: bytes, rest: Iterator[bytes]) -> BytesIO:
        """All of a text, or as much of a file as tells that it is one.

        Raises:
            RequestEntityTooLarge: it is a text that is too long.
        """
        data = BytesIO()
        for piece in chain([first], rest):
            data.write(piece)
            if _is_file(part, data):
                break
            if data.tell() > (self.max_form_memory_size or math.inf):
                raise RequestEntityTooLarge
        return data


class UploadedFile(FileStorage):
    """A file of a form, in the private folder of the request."""

    def __init__(self, source: Source, part: Part) -> None:
        name = part.filename if isinstance(part, File) else ""
        super().__init__(BytesIO(), name, part.name, headers=part.headers)
        self.source = source


class SpooledRequest(Request):
    """A request whose files are written to its private folder as they come."""

    form_data_parser_class = MultipartParser


def parse_fields(text: bytes) -> list[tuple[str, str]]:
    """The fields of a form that is encoded as an address is; none if it is no UTF-8.

    Raises:
        RequestEntityTooLarge: there are too many.
    """
    try:
        decoded = text.decode()
    except ValueError:
        return []
    if decoded.count("&") >= MOST_FIELDS:
        raise RequestEntityTooLarge
    return parse_qsl(decoded, keep_blank_values=True)


def _encoded_fields(stream: IO[bytes]) -> Iterator[tuple[bool, Iterator[bytes]]]:
    """The parts of an encoded form, and whether one is a file: then its pieces, else one piece.

    The pieces of each must be taken before the next is asked for.
    """
    head = f"&{BASE64_FIELD}=".encode()
    rest, more = b"&", stream.read(PIECE_BYTES)

    def file_pieces() -> Iterator[bytes]:
        nonlocal rest, more
        while (end := rest.find(b"&")) < 0 and more:
            yield rest
            rest, more = more, stream.read(PIECE_BYTES)
        end = len(rest) if end < 0 else end
        yield rest[:end]
        rest = rest[end:]

    while rest or more:
        rest, more = rest + more, stream.read(PIECE_BYTES) if more else b""
        begin = rest.find(head)
        if begin < 0:  # a head may be cut by the end of the piece
            begin = max(0, len(rest) - (len(head) - 1 if more else 0))
            text, rest = rest[:begin], rest[begin:]
            yield False, iter([text])
        else:
            text, rest = rest[:begin], rest[begin + len(head) :]
            yield False, iter([text])
            yield True, file_pieces()


def _rest_of_part(decoder: MultipartDecoder, stream: IO[bytes]) -> Iterator[bytes]:
    """The pieces of a part's data behind the first."""
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            decoder.receive_data(stream.read(PIECE_BYTES) or None)
        elif isinstance(event, Data):
            yield event.data
            if not event.more_data:
                return


def _is_file(part: Part, data: BytesIO) -> bool:
    """Whether a part is a file: by its name, its media type or its first bytes.

    What is a text here is never one, whatever media type a program gives it.
    """
    if isinstance(part, File) or part.name == BASE64_FIELD:
        return True
    if part.name in TEXT_FIELDS:
        return False
    media_type = part.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and not media_type.startswith("text/") and media_type != JSON:
        return True
    return media_type_of(data.getbuffer()[:1024].tobytes()) is not None


def _text_of(part: Part, data: BytesIO) -> str:
    """The text of a part; a charset beyond those that programs send is taken for UTF-8."""
    charset = parse_options_header(part.headers.get("content-type", ""))[1].get("charset", "")
    known = charset.lower() if charset.lower() in CHARSETS else "utf-8"
    return data.getvalue().decode(known, "replace")
