"""A request over HTTP as a job: options from address and body, and files.

The body has one of three forms: a form, JSON, or a file as it is. All that is wrong is collected.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict

from ocr_server.job import HandwritingUse, Source
from ocr_server.request.build import EMPTY, ParsedRequest, build_job
from ocr_server.request.faults import Faults, are_told, fault_of
from ocr_server.request.options import OPTIONS
from ocr_server.service import Service
from ocr_server.web.base64_text import decode_base64
from ocr_server.web.context import job_folder
from ocr_server.web.json_body import PIECE_BYTES, Value, object_in
from ocr_server.web.multipart import MAX_FIELDS_BYTES, UploadedFile, parse_fields
from ocr_server.web.negotiation import accepted_format, check_encoding

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
FORMS = (MULTIPART, URLENCODED)
JSON = "application/json"
# What a body is called by programs that do not say what it is.
UNTOLD = ("", "text/plain", "application/octet-stream", URLENCODED)
_HOW_TO_SEND = (
    "send a picture or PDF: in the multipart field file, as the raw body, or in JSON as "
    '{"image": "<base64>"}'
)

_Sent = TypeVar("_Sent")


def read_job(
    request: Request,
    here: Service,
    *,
    most_seconds: float = math.inf,
    engine: str | None = None,
    handwriting: HandwritingUse = HandwritingUse.AUTO,
    is_json_only: bool = False,
) -> ParsedRequest:
    """The job of a request; it may take `most_seconds`.

    `engine` and `handwriting` hold if the request names none. `is_json_only`: the route has no
    other format.

    Raises:
        InvalidOptions: files or options are missing or wrong; the message has all faults.
        LanguageMissing: a language is not installed.
        EngineUnavailable: the engine is not installed.
    """
    faults = Faults()
    texts, sources = read_texts(request, faults, most_files=here.settings.max_pages)
    if is_json_only and texts.pop("format", "").strip().lower() not in {"", "json"}:
        faults.append(fault_of("format", "this route answers json alone"))
    return build_job(
        texts,
        sources,
        here,
        faults=faults,
        formats=(accepted_format(request),),
        most_seconds=most_seconds,
        engine=engine,
        handwriting=handwriting,
    )


def read_texts(
    request: Request, faults: Faults, *, most_files: int
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """The options of a request, of its address and its body, as texts, and its files."""
    given, sources = _read_body(request, faults, most_files=most_files)
    return with_query(request, given, faults), sources


def with_query(
    request: Request, given: dict[str, str], faults: list[dict[str, str]]
) -> dict[str, str]:
    """The options of the address and those that were `given` in the body."""
    query = _joined_fields(request.args.to_dict(flat=False), faults)
    faults.extend(
        fault_of(name, "send it in the body, not in the address")
        for name in query
        if name in OPTIONS and OPTIONS[name].only_in_body
    )
    faults.extend(fault_of(name, "given twice") for name in query if name in given)
    return {**query, **given}


@dataclass(frozen=True, slots=True)
class Body:
    """What came: a form's `files` and `texts` by field, or else the body as a `file`."""

    files: Mapping[str, tuple[Source, ...]]
    texts: Mapping[str, list[str]]
    file: Source | None

    def members(self) -> dict[str, Value]:
        """The members of the object of JSON that the body is.

        Raises:
            ValueError: it is none; the message is for the client.
        """
        return object_in(self.file.path) if self.file else {}


def body_of(request: Request, *, forms: Collection[str] = (MULTIPART,)) -> Body:
    """The body, taken apart where it is one of the `forms`; as it is where it is none.

    What curl sends by `-d` and `--data-binary` calls itself a form without being one.

    Raises:
        StorageFull: the temporary folder is full or read-only.
    """
    if request.mimetype not in forms:
        return Body({}, {}, _spooled(request))
    if request.mimetype == URLENCODED and not _is_parsed(request):
        file = _spooled(request)
        if looks_like_json(file):
            return Body({}, {}, file)
        texts = MultiDict[str, str]()
        if file.size_bytes <= MAX_FIELDS_BYTES:  # else a file that calls itself a form
            texts = MultiDict(parse_fields(file.path.read_bytes()))
        return Body({}, texts.to_dict(flat=False), None)
    files = {name: _chosen(files) for name, files in request.files.lists()}
    _free(request)
    return Body(files, request.form.to_dict(flat=False), None)


def _chosen(files: Iterable[FileStorage]) -> tuple[Source, ...]:
    """The files of a field; a browser sends one without name and bytes where none was chosen."""
    sent = [file for file in files if isinstance(file, UploadedFile)]
    chosen = [file for file in sent if file.source.size_bytes or file.filename]
    return tuple(file.source for file in chosen or sent)


def looks_like_json(file: Source) -> bool:
    """Whether it may be an object of JSON: no file that is read begins with a brace."""
    with file.path.open("rb") as opened:
        return opened.read(64).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def decoded_image(image: Value) -> Source:
    """The file in a text of base64.

    Raises:
        ValueError: it is none; the message is for the client.
        StorageFull: the temporary folder is full or read-only.
    """
    if image.kind != b'"':
        raise ValueError("send base64 text or a data URL")
    return job_folder().add(decode_base64(image.text_pieces()))


def _is_parsed(request: Request) -> bool:
    """Whether the form was read already, for the key in it."""
    return "form" in vars(request)


def _spooled(request: Request) -> Source:
    """The body as a file in the private folder of the request."""
    source = job_folder().add(iter(partial(request.stream.read, PIECE_BYTES), b""))
    _free(request)
    return source


def _free(request: Request) -> None:
    """Give the disk back what the server has kept of a body that was read."""
    with suppress(AttributeError, OSError, ValueError):  # it may be of any kind
        request.environ["wsgi.input"].truncate(0)


def form_options(body: Body, faults: list[dict[str, str]]) -> dict[str, str]:
    """The texts of a form, each once."""
    return _joined_fields(body.texts, faults)


def form_sources(body: Body, most_files: int, faults: list[dict[str, str]]) -> tuple[Source, ...]:
    """The files in the field `file`: none, and a fault, if there are more than `most_files`."""
    return tuple(_at_most(most_files, body.files.get("file", ()), "file", faults))


def json_options(
    members: dict[str, Value], most_files: int, faults: list[dict[str, str]]
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """The options in an object of JSON, as texts, and the files in its member `image`."""
    image = members.pop("image", None)
    return _as_texts(members, faults), _decoded_images(image, most_files, faults)


def _read_body(
    request: Request, faults: list[dict[str, str]], *, most_files: int
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """Options that came in the body, and the files: none if there are more than `most_files`.

    Raises:
        InvalidOptions: the body is encoded.
    """
    check_encoding(request)
    body = body_of(request, forms=FORMS)
    if body.file is None:
        given, files = form_options(body, faults), form_sources(body, most_files, faults)
        faults.extend(
            fault_of(name, "send files in the field file") for name in body.files if name != "file"
        )
        if given.pop("file", None):
            how = "send it as a file (curl: -F file=@scan.jpg), not as text"
            faults.append(fault_of("file", how))
    elif request.mimetype == JSON or (request.mimetype in UNTOLD and looks_like_json(body.file)):
        given, files = _json_body(body, faults, most_files)
        body.file.path.unlink()
    else:
        given, files = {}, (body.file,)
    if not any(file.size_bytes for file in files) and not are_told(faults, "file", "image"):
        is_empty = bool(files) and request.mimetype == MULTIPART
        faults.append(fault_of("file", EMPTY if is_empty else _without_file(request)))
    return given, files


def _json_body(
    body: Body, faults: list[dict[str, str]], most_files: int
) -> tuple[dict[str, str], tuple[Source, ...]]:
    try:
        members = body.members()
    except ValueError as error:
        how = 'send a JSON object such as {"image": "<base64>"}'
        faults.append(fault_of("image", f"{error}; {how}"))
        return {}, ()
    return json_options(members, most_files, faults)


def _without_file(request: Request) -> str:
    """The fault of a body without a file; curl sends a raw body as a form by default."""
    if not request.content_length:
        return f"{_HOW_TO_SEND}; nothing came"
    came_as = request.mimetype
    if came_as == MULTIPART and "boundary" not in request.mimetype_params:
        came_as += " without a boundary"
    return (
        f"{_HOW_TO_SEND}; {request.content_length} bytes came as {came_as}, and no file in them "
        "(a raw body needs a Content-Type of its own, such as image/png)"
    )


def _joined_fields(lists: Mapping[str, list[str]], faults: list[dict[str, str]]) -> dict[str, str]:
    """Languages may be chosen one by one, as a form's list sends them; all else comes once."""
    joined = {}
    for name, texts in lists.items():
        if len(texts) > 1 and name not in {"languages", "format"}:
            faults.append(fault_of(name, "given twice"))
        else:
            joined[name] = ",".join(texts)
    return joined


def _at_most(
    most: int, files: Sequence[_Sent], field: str, faults: list[dict[str, str]]
) -> Sequence[_Sent]:
    """The files, or none of them and a fault if there are too many; each has a page at least."""
    if len(files) <= most:
        return files
    faults.append(
        fault_of(
            field,
            f"{len(files)} were sent; the limit is {most}; send fewer, or raise OCR_MAX_PAGES",
        )
    )
    return ()


def _decoded_images(
    image: Value | None, most_files: int, faults: list[dict[str, str]]
) -> tuple[Source, ...]:
    """The files in a text of base64, or in a list of them."""
    if image is None or image.kind == b"n":
        return ()
    sources = []
    try:
        images = image.items() if image.kind == b"[" else [image]
    except ValueError as error:
        faults.append(fault_of("image", str(error)))
        return ()
    for one in _at_most(most_files, images, "image", faults):
        try:
            sources.append(decoded_image(one))
        except ValueError as error:
            faults.append(fault_of("image", str(error)))
    return tuple(sources)


def _as_texts(members: dict[str, Value], faults: list[dict[str, str]]) -> dict[str, str]:
    """The options in members of JSON, as a form would have sent them."""
    if sum(member.size_bytes for member in members.values()) > MAX_FIELDS_BYTES:
        faults.append(fault_of("image", "the JSON has more options beside it than are needed"))
        return {}
    texts = {}
    for name, member in members.items():
        try:
            value = member.parsed()
        except ValueError as error:
            faults.append(fault_of(name, str(error)))
        else:
            if value is not None:
                texts[name] = _as_text(value)
    return texts


def _as_text(value: object) -> str:
    """A value of JSON as a form would have sent it."""
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
