"""What all adapters share: their registration, reading, and the kinds of their errors.

An adapter answers as another service does, so that its clients work here by changing the address.
It never fetches what a request gives the address of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import islice
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Flask, Request, Response, g
from werkzeug.exceptions import RequestEntityTooLarge

from ocr_server import errors
from ocr_server.deadline import Deadline
from ocr_server.document.languages import code_named, code_of
from ocr_server.document.model import Document
from ocr_server.errors import OcrServerError
from ocr_server.export import FORMATS
from ocr_server.export.rendering import Rendering
from ocr_server.job import Job, PageSelection, ReadOptions, Source
from ocr_server.office.files import check_office_is_read, office_type_of
from ocr_server.office.pictures import picture_path
from ocr_server.office.plain import OfficeForm, OfficeText
from ocr_server.page.codes import check_codes_are_read
from ocr_server.request.build import ParsedRequest, languages_of, limits_of
from ocr_server.request.faults import body_too_large
from ocr_server.web.auth import NO_PLACES, KeyPlaces, set_places
from ocr_server.web.body import Body, decoded_image
from ocr_server.web.context import hang_up, service
from ocr_server.web.problems import COMPAT as BLUEPRINT
from ocr_server.web.problems import headers_of

ALL_PAGES = PageSelection()
_SHARE_OF_PICTURES = 0.9  # of the time for a file with pictures inside
_MOST_OF_HINT = 40  # characters
MOST_OTHERS = 16  # members beside the picture; no service has as many

Answer: TypeAlias = Callable[[OcrServerError], Response]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Another server whose clients work here.

    `status` is its share of the route `/status`; `key` says where its clients put a key;
    `request_class` is for a service whose routes are not told by path and method alone.
    """

    blueprint: Blueprint
    meaning: str
    status: Callable[[], dict[str, Any]] | None = None
    key: KeyPlaces = NO_PLACES
    request_class: type[Request] | None = None


class ErrorKind(Enum):
    """What an error is to a client, from which an adapter makes the other service's own.

    `SPENT`: work was done in vain, and would be again. It must not leave with a status that the
    service's clients repeat. `BUSY` and `AWAY` may be repeated: nothing was done yet.
    """

    KEY = auto()
    REQUEST = auto()
    MISSING = auto()  # what the address names is not kept here
    TOO_LARGE = auto()
    DOCUMENT = auto()
    SPENT = auto()
    BUSY = auto()
    AWAY = auto()


# The status codes that most services have, of which each changes its own.
USUAL_STATUS: Mapping[ErrorKind, int] = {
    ErrorKind.KEY: 401,
    ErrorKind.REQUEST: 400,
    ErrorKind.MISSING: 404,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.DOCUMENT: 422,
    ErrorKind.SPENT: 422,
    ErrorKind.BUSY: 429,
    ErrorKind.AWAY: 503,
}

# For each kind the status code, and what the service calls it.
NamedErrors: TypeAlias = Mapping[ErrorKind, tuple[int, str]]

_KINDS: Sequence[tuple[tuple[type[OcrServerError], ...], ErrorKind]] = (
    ((errors.KeyMissing, errors.KeyWrong), ErrorKind.KEY),
    ((errors.JobMissing, errors.JobGone), ErrorKind.MISSING),
    (
        (
            errors.BodyTooLarge, errors.TooManyPixels, errors.TooManyPages, errors.TooManyWords,
            errors.AnswerTooLarge, errors.OutOfMemory,
        ),
        ErrorKind.TOO_LARGE,
    ),
    (
        (errors.DeadlinePassed, errors.WorkerLost, errors.EngineFailed, errors.EndsProcess),
        ErrorKind.SPENT,
    ),
    ((errors.QueueFull, errors.TooManyJobs), ErrorKind.BUSY),
    ((errors.DocumentError,), ErrorKind.DOCUMENT),
    ((errors.RequestError,), ErrorKind.REQUEST),
    ((errors.LoadError, errors.EngineError), ErrorKind.AWAY),
)  # fmt: skip


def kind_of(error: OcrServerError) -> ErrorKind:
    """What an error is to a client."""
    return next(kind for classes, kind in _KINDS if isinstance(error, classes))


def register(app: Flask, adapters: Collection[Adapter]) -> None:
    """Serve the routes of these adapters, and the one that several have.

    `/status` has one answer for all of them: their members do not clash.
    """
    every = Blueprint(BLUEPRINT, __name__)
    for adapter in adapters:
        every.register_blueprint(adapter.blueprint)
        set_places(app, f"{BLUEPRINT}.{adapter.blueprint.name}", adapter.key)
        app.request_class = adapter.request_class or app.request_class
    shares = [adapter.status for adapter in adapters if adapter.status]

    def answer_status() -> dict[str, Any]:
        return {name: value for share in shares for name, value in share().items()}

    if shares:
        every.add_url_rule("/status", view_func=answer_status)
    app.register_blueprint(every)


def read(
    source: Source,
    reading: ReadOptions,
    *,
    timeout_s: float | None = None,
    password: str | None = None,
    pages: PageSelection = ALL_PAGES,
    is_partial: bool = False,
) -> Document:
    """The document in a file: all of its pages or, if `is_partial`, those that could be read.

    Raises:
        OcrServerError: it, or a page of it, could not be read.
    """
    job = job_of(source, reading, timeout_s=timeout_s, password=password, pages=pages)
    with service().admission.admit():
        return read_job(job, is_partial=is_partial)


def read_as(
    source: Source, reading: ReadOptions, format_: str, *, pages: PageSelection = ALL_PAGES
) -> tuple[Document, bytes]:
    """The document in a file, and what it is in one of our formats: all of its pages or none.

    Raises:
        OcrServerError: it, or a page of it, could not be read, or it cannot be of the format.
    """
    here = service()
    job = job_of(source, reading, pages=pages)
    with here.admission.admit():
        document = read_job(job)
        rendering = Rendering(limits=job.limits)
        parsed = ParsedRequest(job, formats=(format_,), rendering=rendering)
        return document, here.render(document, parsed, hang_up()).read()


def job_of(
    source: Source,
    reading: ReadOptions,
    *,
    timeout_s: float | None = None,
    password: str | None = None,
    pages: PageSelection = ALL_PAGES,
) -> Job:
    """The job of reading a file as the adapters do; languages, engine and limits are checked.

    Raises:
        LanguageMissing: a language is not installed.
        CodesUnavailable: codes are asked for, and cannot be read here.
    """
    here = service()
    if reading.codes:
        check_codes_are_read()
    languages: dict[str, Any] = languages_of(reading.languages, here.settings, here.engine)
    most_s = here.settings.timeout_s
    return Job(
        sources=(source,),
        options=replace(reading, engine=here.settings.engine, **languages),
        limits=limits_of(here.settings),
        deadline=Deadline.after(min(timeout_s or most_s, most_s)),
        pages=pages,
        password=password,
    )


def read_job(job: Job, *, is_partial: bool = False) -> Document:
    """The document of a job of an admitted request; with all its pages, unless `is_partial`.

    Raises:
        OcrServerError: it, or a page of it, could not be read.
    """
    document = service().read(job, hang_up())
    for name, pages in (("pages_read", document.pages), ("pages_failed", document.problems)):
        g.outcome[name] = g.outcome.get(name, 0) + len(pages)
    if document.problems and not is_partial:
        raise document.problems[0].error
    return document


def read_office(
    source: Source,
    forms: Sequence[OfficeForm],
    *,
    name: str = "",
    media_type: str = "",
    wants_blocks: bool = False,
) -> OfficeText | None:
    """The own text of a file that has some, in each of the forms; None of any other file.

    `name` and `media_type` are those it was sent with. The pictures inside are read where they
    stand; those that could not be read are told in `problems`.

    Raises:
        OcrServerError: it cannot be read.
    """
    kind = office_type_of(source.path, name=name, media_type=media_type)
    if kind is None:
        return None
    check_office_is_read()
    here = service()
    job = job_of(source, ReadOptions(languages=here.settings.languages))
    with here.admission.admit():
        counts = here.unpack_pictures(job, kind, hang_up())
        pictures, problems = _pictures_read(job, counts)
        text = here.read_office_file(
            job, kind, forms, hang_up(),
            wants_blocks=wants_blocks, pictures=pictures, counts=counts,
        )  # fmt: skip
    return replace(text, problems=problems)


def _pictures_read(job: Job, counts: Sequence[int]) -> tuple[Document | None, tuple[str, ...]]:
    """The pages of the pictures inside a file, and why some are missing."""
    problems = []
    if 0 in counts:
        problems.append(
            f"{counts.count(0)} pictures were not read, as there may be {job.limits.max_pages} "
            "pages in them."
        )
    paths = (
        picture_path(job.sources[0].path, number) for number, count in enumerate(counts, 1) if count
    )
    sources = tuple(Source(path, path.stat().st_size) for path in paths)
    if not sources:
        return None, tuple(problems)
    # The text is answered in any case, so the pictures do not get all the time that there is.
    most_s = _SHARE_OF_PICTURES * job.deadline.left_s()
    like = replace(
        job, sources=sources, deadline=job.deadline.sooner(most_s, setting="OCR_TIMEOUT_S")
    )
    try:
        document = read_job(like, is_partial=True)
    except (errors.DocumentError, errors.DeadlinePassed) as error:  # of every picture
        return None, (*problems, f"No picture could be read: {error.client_message}")
    problems += (f"Picture {one.page}: {one.error.client_message}" for one in document.problems)
    return document, tuple(problems)


def hinted_languages(tags: Iterable[str]) -> tuple[str, ...]:
    """The installed languages of these tags, codes or English names, or those of the settings.

    They are hints: what is not known or not installed is left out, and the log has their number.
    """
    codes = [_code_of_hint(tag) for tag in tags]
    if None in codes:
        g.outcome["hints_left_out"] = codes.count(None)
    return tuple(dict.fromkeys(filter(None, codes))) or service().settings.languages


def told_left_out(tags: Iterable[str]) -> str:
    """A sentence for the client, of an API that has a place for it, on hints that are left out."""
    left_out = [tag[:_MOST_OF_HINT] for tag in tags if _code_of_hint(tag) is None]
    return f"Languages not installed were left out: {', '.join(left_out)}." if left_out else ""


def _code_of_hint(tag: str) -> str | None:
    return code_of(code_named(tag) or tag, service().engine.languages)


def rendered(document: Document, name: str) -> str:
    """The document in one of our formats."""
    return b"".join(FORMATS[name].render(document, (), Rendering())).decode()


def encoded(value: object) -> msgspec.Raw:
    """A part of an answer as JSON, which takes a fifth of the memory of its dictionaries."""
    # A lone half of a surrogate pair cannot be UTF-8.
    return msgspec.Raw(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def image_of(body: Body, name: str) -> tuple[Source, dict[str, Any]]:
    """The file in a member of an object of JSON, and its other members.

    Raises:
        ValueError: it is no such object, or there is no base64 in it; the message is for the
            client.
        StorageFull: the temporary folder is full or read-only.
    """
    members = body.members()
    image = members.pop(name, None)
    if image is None:
        raise ValueError("send base64 text or a data URL")
    others = islice(members.items(), MOST_OTHERS)
    return decoded_image(image), {other: value.parsed() for other, value in others}


def answer_errors(blueprint: Blueprint, answer: Answer) -> None:
    """Answer the errors of an adapter's routes in the form of the service that it replaces."""

    def answer_too_large(_: RequestEntityTooLarge) -> Response:
        return answer(body_too_large(service().settings.max_body_bytes))

    blueprint.register_error_handler(OcrServerError, answer)
    blueprint.register_error_handler(RequestEntityTooLarge, answer_too_large)


def refusal(error: OcrServerError, body: str, *, status: int, media_type: str) -> Response:
    """The answer of an error; log and metrics get its code, the log the setting that decides it."""
    g.outcome["problem_code"] = error.code
    if "setting" in error.extra:
        g.outcome["setting"] = error.extra["setting"]
    response = Response(body, status, content_type=media_type)
    response.headers.update(headers_of(error))
    return response
