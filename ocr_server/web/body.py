"""A request over HTTP as a job: options from address and body, and files.

The body has one of three forms: a form, JSON, or a file as it is. All that is wrong is collected.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Request
from pydantic_core import from_json

from ocr_server.errors import InvalidOptions
from ocr_server.export import FORMATS
from ocr_server.job import Source
from ocr_server.request.build import EMPTY, Faults, ParsedRequest, build_job, fault_of
from ocr_server.request.options import OPTIONS
from ocr_server.service import Service

# Values of a JSON with options, far more than anybody needs; in memory each can be 25 times as
# long as it was sent.
MOST_VALUES = 100_000

NDJSON = "application/x-ndjson"
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
FORMS = (MULTIPART, URLENCODED)
JSON = "application/json"
# What a body is called by programs that do not say what it is.
UNTOLD = ("", "text/plain", "application/octet-stream", URLENCODED)
STANDARD_ALPHABET = str.maketrans("-_", "+/", " \t\r\n\v\f")
# What addresses escape of base64 and data URLs; urllib would make a string of each escape.
ESCAPES = {
    f"%{digits}": chr(int(digits, 16))
    for code in ("2B", "2F", "3D", "2C", "3A", "3B", "0A", "0D", "20")
    for digits in (code, code.lower())
}
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
) -> ParsedRequest:
    """The job of a request; it may take `most_seconds`, and `engine` reads if it names none.

    Raises:
        InvalidOptions: files or options are missing or wrong; the message has all faults.
        LanguageMissing: a language is not installed.
        EngineUnavailable: the engine is not installed.
    """
    faults = Faults()
    given, sources = _read_body(request, faults, most_files=here.settings.max_pages)
    return build_job(
        with_query(request, given, faults),
        sources,
        here,
        faults=faults,
        formats=(accepted_format(request),),
        most_seconds=most_seconds,
        engine=engine,
    )


def wants_events(request: Request) -> bool:
    """Whether the client wants events as they come."""
    return NDJSON in request.accept_mimetypes.values()


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


def accepted_format(request: Request) -> str:
    """The format that suits the Accept header best; JSON where it names none."""
    types = {format_.media_type.partition(";")[0]: name for name, format_ in FORMATS.items()}
    return types[request.accept_mimetypes.best_match(list(types), default="application/json")]


@dataclass(frozen=True, slots=True)
class Body:
    """What came: a form's `files` and `texts` by field, or else `data`, which is no form."""

    files: Mapping[str, tuple[bytes, ...]]
    texts: Mapping[str, list[str]]
    data: bytes | None

    def json(self, most_values: int = MOST_VALUES) -> Any:  # noqa: ANN401  # a client's
        """The value that the data describe.

        Raises:
            ValueError: it is not JSON, or has too many values; the message is for the client.
        """
        return _parsed_json(self.data or b"", most_values)

    def object(self) -> dict[str, Any]:
        """The members of the object that the data describe.

        Raises:
            ValueError: it is none; the message is for the client.
        """
        return json_object(self.data or b"")


def body_of(request: Request, *, forms: Collection[str] = (MULTIPART,)) -> Body:
    """The body, taken apart where it is one of the `forms`; as it is where it is none.

    What curl sends by `-d` and `--data-binary` calls itself a form without being one.
    """
    if request.mimetype not in forms:
        return Body({}, {}, request.get_data(cache=False))
    if request.mimetype == URLENCODED:
        data = request.get_data(cache=True)
        if _looks_like_json(data):
            return Body({}, {}, data)
    files = {name: tuple(file.read() for file in files) for name, files in request.files.lists()}
    return Body(files, request.form.to_dict(flat=False), None)


def form_options(body: Body, faults: list[dict[str, str]]) -> dict[str, str]:
    """The texts of a form, each once."""
    return _joined_fields(body.texts, faults)


def form_sources(body: Body, most_files: int, faults: list[dict[str, str]]) -> tuple[Source, ...]:
    """The files in the field `file`: none, and a fault, if there are more than `most_files`."""
    return tuple(map(Source, _at_most(most_files, body.files.get("file", ()), "file", faults)))


def json_options(
    members: dict[str, Any], most_files: int, faults: list[dict[str, str]]
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """The options in an object of JSON, as texts, and the files in its member `image`."""
    image = members.pop("image", None)
    images = image if isinstance(image, list) else [image] if image is not None else []
    sources = _decoded_images(_at_most(most_files, images, "image", faults), faults)
    return {name: _as_text(value) for name, value in members.items() if value is not None}, sources


def check_encoding(request: Request) -> None:
    """Do nothing if the body came as it is.

    Raises:
        InvalidOptions: it is compressed or encoded otherwise.
    """
    encoding = request.content_encoding or "identity"
    if encoding.lower() != "identity":
        raise InvalidOptions(
            f"The body came with Content-Encoding: {encoding}, which is not undone here. Send it "
            "as it is, without that header.",
            faults=[fault_of("Content-Encoding", f"{encoding} is not undone here")],
        )


def json_object(text: str | bytes) -> dict[str, Any]:
    """The members of an object in JSON.

    Raises:
        ValueError: it is none; the message is for the client.
    """
    value = _parsed_json(text.encode() if isinstance(text, str) else text)
    if not isinstance(value, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004  # for the client
    return value


def decode_base64(encoded: object) -> bytes:
    """Base64, with or without the head of a data URL (RFC 2397).

    It may be of the URL-safe alphabet (RFC 4648, section 5), escaped for an address (`%2B`), and
    without its padding.

    Raises:
        ValueError: it is neither; the message is for the client.
    """
    if not isinstance(encoded, str):
        raise ValueError("send base64 text or a data URL")  # noqa: TRY004  # for the client
    for escape, sign in ESCAPES.items():
        encoded = encoded.replace(escape, sign)
    head, _, rest = encoded.partition(",")
    if head[:5].lower() == "data:":
        if not head.lower().endswith(";base64"):
            raise ValueError("a data URL must be base64")
        encoded = rest
    letters = encoded.translate(STANDARD_ALPHABET)
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is not base64") from None


def _read_body(
    request: Request, faults: list[dict[str, str]], *, most_files: int
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """Options that came in the body, and the files: none if there are more than `most_files`.

    Raises:
        InvalidOptions: the body is encoded.
    """
    check_encoding(request)
    body = body_of(request, forms=FORMS)
    if body.data is None:
        given, files = form_options(body, faults), form_sources(body, most_files, faults)
        faults.extend(
            fault_of(name, "send files in the field file") for name in body.files if name != "file"
        )
        if given.pop("file", None):
            how = "send it as a file (curl: -F file=@scan.jpg), not as text"
            faults.append(fault_of("file", how))
    elif request.mimetype == JSON or (request.mimetype in UNTOLD and _looks_like_json(body.data)):
        given, files = _json_body(body, faults, most_files)
    else:
        given, files = {}, (Source(body.data),)
    is_empty = bool(files) and request.mimetype == MULTIPART
    files = tuple(file for file in files if file.data)
    if not files and not any(fault["field"] in {"file", "image"} for fault in faults):
        faults.append(fault_of("file", EMPTY if is_empty else _without_file(request)))
    return given, files


def _looks_like_json(data: bytes) -> bool:
    """Whether it may be an object of JSON: no file that is read begins with a brace."""
    return data[:64].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def _json_body(
    body: Body, faults: list[dict[str, str]], most_files: int
) -> tuple[dict[str, str], tuple[Source, ...]]:
    try:
        members = body.json()
        why = "this is not a JSON object"
    except ValueError as error:
        members, why = None, str(error)
    if not isinstance(members, dict):
        how = 'send a JSON object such as {"image": "<base64>"}'
        faults.append(fault_of("image", f"{why}; {how}"))
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
        fault_of(field, f"{len(files)} were sent; OCR_MAX_PAGES allows {most}; send fewer at once")
    )
    return ()


def _decoded_images(images: Sequence[object], faults: list[dict[str, str]]) -> tuple[Source, ...]:
    """The files in a list of base64 texts."""
    sources = []
    for image in images:
        try:
            sources.append(Source(decode_base64(image)))
        except ValueError as error:
            faults.append(fault_of("image", str(error)))
    return tuple(sources)


def _as_text(value: object) -> str:
    """A value of JSON as a form would have sent it."""
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parsed_json(data: bytes, most_values: int = MOST_VALUES) -> Any:  # noqa: ANN401  # a client's
    """The value that the JSON describes.

    Raises:
        ValueError: it is not JSON, or has too many values; the message is for the client.
    """
    # Each value follows a bracket or a comma, and these are counted without reading anything.
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > most_values:
        raise ValueError(f"the JSON has more than {most_values} values")
    try:
        return from_json(data)  # in less than half the time, but stricter
    except ValueError:
        pass  # a lone half of a surrogate pair, which `json` takes, or a fault described below
    if not data.strip():
        raise ValueError("nothing was sent")
    try:
        return json.loads(data)
    except RecursionError as error:  # from brackets in brackets in brackets
        raise ValueError("the JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("this is not JSON") from error
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from error
