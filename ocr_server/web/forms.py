"""A request as a job: files in three forms, options from four places, all faults at once."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest

from ocr_server.deadline import Deadline
from ocr_server.errors import EngineMissing, EngineUnavailable, InvalidOptions
from ocr_server.export import FORMATS
from ocr_server.export.format import Rendering
from ocr_server.job import Detail, Job, Limits, PageSelection, Reading, Source, TextLayer
from ocr_server.model import EngineInfo
from ocr_server.settings import Settings
from ocr_server.web.options import OPTIONS
from ocr_server.web.service import Service, check_installed

NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: a job, and how its answer is to look."""

    job: Job
    formats: tuple[str, ...]
    rendering: Rendering
    partial: bool


def read_job(
    request: Request,
    here: Service,
    *,
    most_seconds: float = float("inf"),
    engine: str | None = None,
) -> Asked:
    """The job of a request; it may take `most_seconds`, and `engine` reads if it names none.

    Raises:
        InvalidOptions: files or options are missing or wrong; all of it is said at once.
        LanguageMissing: a language is not installed.
    """
    faults: list[dict[str, str]] = []
    given, sources = _body(request, faults)
    values = dict(values_of(request, given, faults))
    check(faults)
    settings = here.settings
    formats = values.get("format") or (accepted_format(request),)
    languages = values.get("languages", settings.languages)
    engine = values.get("engine") or engine or settings.engine
    most_seconds = min(most_seconds, settings.timeout_s)
    check_installed(languages, _installed_engine(here, engine))
    detail = values.get("detail", Detail.WORD)
    limits = limits_of(settings, values.get("dpi"))
    shown = any(FORMATS[name].shows_alternatives for name in formats)
    alternatives = values.get("alternatives", ("dictionary",)) if shown else ()
    job = Job(
        sources=sources,
        reading=Reading(
            languages=languages,
            psm=values.get("layout", 3),
            steps=values.get("steps", ("auto",)),
            symbols=detail is Detail.SYMBOL,
            engine=engine,
            dpi=values.get("dpi"),
            min_confidence=values.get("min_confidence", 0.0),
            zones=values.get("zones", ()),
            alphabet=values.get("alphabet"),
            text_layer=values.get("text_layer", TextLayer.AUTO),
            alternatives="dictionary" in alternatives,
            choices="engine" in alternatives,
            correct=values.get("correct", False),
        ),
        limits=limits,
        deadline=Deadline.after(min(values.get("timeout_s", most_seconds), most_seconds)),
        pages=values.get("pages", PageSelection()),
        password=values.get("password"),
    )
    return Asked(
        job=job,
        formats=formats,
        rendering=rendering_of(values, limits),
        partial=values.get("partial", False),
    )


def limits_of(settings: Settings, dpi: float | None = None) -> Limits:
    """What the operator allows a document to cost."""
    return Limits(
        max_pixels=settings.max_pixels,
        max_pages=settings.max_pages,
        # A PDF's pages have no pixels of their own: they are drawn at the dpi asked for.
        pdf_dpi=round(dpi or settings.pdf_dpi),
    )


def rendering_of(values: Mapping[str, Any], limits: Limits) -> Rendering:
    """How the answer is to look."""
    return Rendering(
        detail=values.get("detail", Detail.WORD),
        join_lines=values.get("lines", False),
        limits=limits,
        password=values.get("password"),
    )


def check(faults: list[dict[str, str]]) -> None:
    """Do nothing if there are no faults.

    Raises:
        InvalidOptions: there are some; all are said.
    """
    if faults:
        said = " ".join(f"{fault['field']}: {fault['message']}." for fault in faults)
        raise InvalidOptions(f"Not understood: {said}", faults=faults)


def _installed_engine(here: Service, name: str) -> EngineInfo:
    try:
        return here.engine_named(name)
    except EngineMissing as error:
        if name == here.settings.engine:
            raise  # the server's fault, not the request's
        raise EngineUnavailable(error.message, engine=name) from error


def wants_events(request: Request) -> bool:
    """Whether the client wants events as they come."""
    return NDJSON in request.accept_mimetypes.values()


def _body(
    request: Request, faults: list[dict[str, str]]
) -> tuple[dict[str, str], tuple[Source, ...]]:
    """Options that came in the body, and the files."""
    if request.mimetype == "multipart/form-data":
        files = tuple(Source(file.read()) for file in request.files.getlist("file"))
        faults.extend(
            fault_of(name, "send files in the field file")
            for name in request.files
            if name != "file"
        )
        given = _form(request, faults)
    elif request.mimetype == "application/json":
        given, files = _json_body(request, faults)
    elif request.mimetype == "application/x-www-form-urlencoded":
        given, files = _form(request, faults), ()
    else:
        given, files = {}, (Source(request.get_data(cache=False)),)
    files = tuple(file for file in files if file.data)
    if not files and not any(fault["field"] in {"file", "image"} for fault in faults):
        faults.append(
            fault_of(
                "file",
                "send a picture or PDF: in the multipart field file, as the raw body, or in JSON "
                'as {"image": "<base64>"}; nothing came',
            )
        )
    return given, files


def _form(request: Request, faults: list[dict[str, str]]) -> dict[str, str]:
    given = joined_fields(request.form.to_dict(flat=False), faults)
    if given.pop("file", None):
        faults.append(fault_of("file", "send it as a file (curl: -F file=@scan.jpg), not as text"))
    return given


def _json_body(
    request: Request, faults: list[dict[str, str]]
) -> tuple[dict[str, str], tuple[Source, ...]]:
    try:
        body = request.get_json()
    except (BadRequest, RecursionError):  # the latter from brackets in brackets in brackets
        body = None
    if not isinstance(body, dict):
        faults.append(fault_of("image", 'send a JSON object such as {"image": "<base64>"}'))
        return {}, ()
    image = body.pop("image", None)
    images = image if isinstance(image, list) else [image] if image is not None else []
    files = []
    for encoded in images:
        try:
            files.append(Source(decode_base64(encoded)))
        except ValueError as error:
            faults.append(fault_of("image", str(error)))
    return {name: as_text(value) for name, value in body.items() if value is not None}, tuple(files)


def decode_base64(encoded: object) -> bytes:
    """Base64, with or without the head of a data URL (RFC 2397).

    Raises:
        ValueError: it is neither; the message is for the client.
    """
    if not isinstance(encoded, str):
        raise ValueError("send base64 text or a data URL")  # noqa: TRY004  # said to the client
    head, _, rest = encoded.partition(",")
    if head.startswith("data:"):
        if not head.endswith(";base64"):
            raise ValueError("a data URL must be base64")
        encoded = rest
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is not base64") from None


def as_text(value: object) -> str:
    """A value of JSON as a form would have sent it."""
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(map(str, value))
    if isinstance(value, list | dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_of(
    request: Request, given: dict[str, str], faults: list[dict[str, str]]
) -> Iterator[tuple[str, Any]]:  # each option has a type of its own
    """The values of the options, parsed; what is empty counts as not given."""
    query = joined_fields(request.args.to_dict(flat=False), faults)
    faults.extend(
        fault_of(name, "send it in the body, not in the address")
        for name in query
        if name in OPTIONS and OPTIONS[name].only_in_body
    )
    faults.extend(fault_of(name, "given twice") for name in query if name in given)
    for name, text in {**query, **given}.items():
        option = OPTIONS.get(name)
        if option is None:
            faults.append(fault_of(name, f"no such option; there are {', '.join(OPTIONS)}"))
        elif text.strip():
            try:
                yield name, option.parse(text.strip())
            except ValueError as error:
                faults.append(fault_of(name, str(error)))


def joined_fields(lists: Mapping[str, list[str]], faults: list[dict[str, str]]) -> dict[str, str]:
    """Languages may be chosen one by one, as a form's list sends them; all else comes once."""
    joined = {}
    for given, texts in lists.items():
        name = given or ""  # None, whatever its type says, where a part has no name that decodes
        if len(texts) > 1 and name not in {"languages", "format"}:
            faults.append(fault_of(name, "given twice"))
        else:
            joined[name] = ",".join(texts)
    return joined


def accepted_format(request: Request) -> str:
    """The format that suits the Accept header best; JSON where it says nothing of ours."""
    types = {format_.media_type.partition(";")[0]: name for name, format_ in FORMATS.items()}
    return types[request.accept_mimetypes.best_match(list(types), default="application/json")]


def fault_of(field: str, message: str) -> dict[str, str]:
    """What is wrong with a field; a part of a form may come without a name."""
    return {"field": field or "", "message": message}
