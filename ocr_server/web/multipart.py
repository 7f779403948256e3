"""Forms of several parts, where a part without a file name may be a file all the same.

Programs that hold a picture in memory often send it without a name; what tells a file then is its
media type, or its first bytes.
"""

from __future__ import annotations

import math
from io import BytesIO
from typing import IO, TypeAlias

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from ocr_server.request.options import OPTIONS
from ocr_server.sources.signatures import media_type_of
from ocr_server.web import auth

PIECE_BYTES = 64 * 1024
CHARSETS = ("ascii", "us-ascii", "utf-8", "iso-8859-1")
JSON = "application/json"
TEXT_FIELDS = frozenset({*OPTIONS, auth.FIELD, "document"})

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
        data = BytesIO()
        while True:
            event = decoder.next_event()
            if isinstance(event, Epilogue):
                return stream, self.cls(texts), self.cls(files)
            if isinstance(event, NeedData):
                decoder.receive_data(stream.read(PIECE_BYTES) or None)
            elif isinstance(event, Field | File):
                part, data = event, BytesIO()
            elif isinstance(event, Data) and part is not None:
                data.write(event.data)
                is_file = _is_file(part, data)
                if not is_file and data.tell() > (self.max_form_memory_size or math.inf):
                    raise RequestEntityTooLarge
                if event.more_data:
                    continue
                if is_file:
                    files.append((part.name, _file_of(part, data)))
                else:
                    texts.append((part.name, _text_of(part, data)))


class BufferedRequest(Request):
    """A request whose files are in memory: the body is bounded, and each file is read whole."""

    form_data_parser_class = MultipartParser

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> BytesIO:
        del total_content_length, content_type, filename, content_length
        return BytesIO()


def _is_file(part: Part, data: BytesIO) -> bool:
    """Whether a part is a file: by its name, its media type or its first bytes.

    What is a text here is never one, whatever media type a program gives it.
    """
    if isinstance(part, File):
        return True
    if part.name in TEXT_FIELDS:
        return False
    media_type = part.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and not media_type.startswith("text/") and media_type != JSON:
        return True
    return media_type_of(data.getbuffer()[:1024].tobytes()) is not None


def _file_of(part: Part, data: BytesIO) -> FileStorage:
    data.seek(0)
    name = part.filename if isinstance(part, File) else ""
    return FileStorage(data, name, part.name, headers=part.headers)


def _text_of(part: Part, data: BytesIO) -> str:
    """The text of a part; a charset beyond those that programs send is taken for UTF-8."""
    charset = parse_options_header(part.headers.get("content-type", ""))[1].get("charset", "")
    known = charset.lower() if charset.lower() in CHARSETS else "utf-8"
    return data.getvalue().decode(known, "replace")
