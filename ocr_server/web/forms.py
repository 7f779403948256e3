"""A request as a job: its options from query and body, all faults at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo
from ocr_server.errors import EngineMissing, EngineUnavailable, InvalidOptions
from ocr_server.export import FORMATS
from ocr_server.export.format import Rendering
from ocr_server.extraction.finders import TEXT
from ocr_server.job import Detail, Framing, Job, Limits, PageSelection, ReadOptions, TextLayerUse
from ocr_server.request.options import OPTIONS
from ocr_server.request.profiles import Profile
from ocr_server.settings import Settings
from ocr_server.web.bodies import fault_of, joined_fields, read_body
from ocr_server.web.service import Service, check_installed

NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
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
) -> ParsedRequest:
    """The job of a request; it may take `most_seconds`, and `engine` reads if it names none.

    Raises:
        InvalidOptions: files or options are missing or wrong; all of it is said at once.
        LanguageMissing: a language is not installed.
    """
    faults: list[dict[str, str]] = []
    given, sources = read_body(request, faults, most_files=here.settings.max_pages)
    values = dict(values_of(request, given, faults))
    profile = _profile(here, values, faults)
    check(faults)
    if profile:
        values = {**profile.options, **values}
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
        options=ReadOptions(
            languages=languages,
            psm=values.get("layout", 3),
            operations=values.get("steps", ("auto",)),
            skip_stages=values.get("without", ()),
            symbols=detail is Detail.SYMBOL,
            engine=engine,
            dpi=values.get("dpi"),
            min_confidence=values.get("min_confidence", 0.0),
            zones=values.get("zones", ()),
            alphabet=values.get("alphabet"),
            text_layer=values.get("text_layer", TextLayerUse.AUTO),
            fields=values.get("fields", profile.fields if profile else ()),
            finder=profile.finder if profile and "fields" not in values else TEXT,
            framing=profile.framing if profile else Framing(),
            alternatives="dictionary" in alternatives,
            choices="engine" in alternatives,
            correct=values.get("correct", False),
        ),
        limits=limits,
        deadline=deadline_of(values, most_seconds),
        pages=values.get("pages", PageSelection()),
        password=values.get("password"),
    )
    return ParsedRequest(
        job=job,
        formats=formats,
        rendering=rendering_of(values, limits),
        partial=values.get("partial", False),
    )


def _profile(
    here: Service,
    values: Mapping[str, Any],  # each option has a type of its own
    faults: list[dict[str, str]],
) -> Profile | None:
    name = values.get("profile")
    if name is not None and name not in here.profiles:
        faults.append(fault_of("profile", f"no such profile; there are {', '.join(here.profiles)}"))
    return None if name is None else here.profiles.get(name)


def limits_of(settings: Settings, dpi: float | None = None) -> Limits:
    """What the operator allows a document to cost."""
    return Limits(
        max_pixels=settings.max_pixels,
        max_pages=settings.max_pages,
        # A PDF's pages have no pixels of their own: they are drawn at the dpi asked for.
        pdf_dpi=round(dpi or settings.pdf_dpi),
    )


def deadline_of(values: Mapping[str, Any], most_seconds: float) -> Deadline:
    """When the time is over: that of the server, or what the request leaves of it."""
    asked_s = values.get("timeout_s", most_seconds)
    return Deadline.after(most_seconds).sooner(asked_s, setting="timeout_s")


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
        # Some messages are sentences already.
        said = " ".join(f"{fault['field']}: {fault['message'].rstrip('.')}." for fault in faults)
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


def accepted_format(request: Request) -> str:
    """The format that suits the Accept header best; JSON where it says nothing of ours."""
    types = {format_.media_type.partition(";")[0]: name for name, format_ in FORMATS.items()}
    return types[request.accept_mimetypes.best_match(list(types), default="application/json")]
