"""Builds a `Job` from the options of a request, of HTTP, the command line or a station."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ocr_server.bounds import with_closest
from ocr_server.deadline import Deadline
from ocr_server.document.languages import AUTO, missing_languages
from ocr_server.document.model import EngineInfo
from ocr_server.errors import (
    EngineMissing,
    EngineUnavailable,
    FormatUnavailable,
    LanguageMissing,
)
from ocr_server.export import FORMATS
from ocr_server.export.rendering import Rendering
from ocr_server.extraction.finders import FINDERS, TEXT
from ocr_server.job import Detail, Framing, HandwritingUse, Job, Limits, ReadOptions, Source
from ocr_server.page.codes import check_codes_are_read
from ocr_server.request.faults import Faults, are_told, body_too_large, check, fault_of
from ocr_server.request.options import OPTIONS
from ocr_server.request.profiles import Profile
from ocr_server.settings import Settings

ENGLISH = ("eng",)
MOST_COMPARED = 20  # faults, after which no more is told what a misspelt option was meant for
UNCONFIRMED = (
    "training has the lines that a person has confirmed, and none is so before it is read; send "
    "the corrected document to /v1/render"
)
EMPTY = "the file is empty, or none was chosen; send a picture or a PDF"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request asks for: a job, and how its answer is to look.

    `pictures`: whether the events of the answer have a picture of each page.
    """

    job: Job
    formats: tuple[str, ...]
    rendering: Rendering
    partial: bool = False
    pictures: bool = False


class Installation(Protocol):
    """What a request depends on beside its own text."""

    @property
    def settings(self) -> Settings:
        """Defaults and limits."""

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """The profiles by name."""

    @property
    def words(self) -> str:
        """The operator's own words, one a line."""

    def engine_named(self, name: str) -> EngineInfo:
        """An engine.

        Raises:
            EngineMissing: it is not installed.
        """


def build_job(
    texts: Mapping[str, str],
    sources: tuple[Source, ...],
    here: Installation,
    *,
    faults: Faults | None = None,
    formats: tuple[str, ...] | None = None,
    most_seconds: float = math.inf,
    engine: str | None = None,
    handwriting: HandwritingUse = HandwritingUse.AUTO,
    most_bytes: int | None = None,
) -> ParsedRequest:
    """The job that the options and files ask for.

    `faults` are those that were found before. Where the options name none, the answer has
    `formats`, `engine` reads, and `handwriting` holds; it may take `most_seconds`. The files may
    have `most_bytes` if it is a durable job.

    Raises:
        InvalidOptions: files or options are missing or wrong; the message has all faults.
        LanguageMissing: a language is not installed.
        EngineUnavailable: the engine is not installed.
        EngineMissing: the engine of the settings is not installed.
        CodesUnavailable: codes are asked for, and cannot be read here.
        BodyTooLarge: the files have more bytes than the setting allows.
    """
    faults, settings = Faults() if faults is None else faults, here.settings
    if most_bytes is None:
        _check_size(sources, settings.max_body_bytes, "OCR_MAX_BODY_BYTES")
    else:
        _check_size(sources, most_bytes, "OCR_JOBS_MAX_BYTES")
    if not any(source.size_bytes for source in sources) and not are_told(faults, "file", "image"):
        faults.append(fault_of("file", EMPTY))
    values = parse_options(texts, faults)
    profile = _profile(values, here.profiles, faults)
    if profile:
        values = {**profile.options, **values}
    formats = values.get("format") or formats or OPTIONS["format"].default_value
    if any(FORMATS[name].needs == "confirmed" for name in formats):
        faults.append(fault_of("format", UNCONFIRMED))
    engine = values.get("engine") or engine or settings.engine
    languages = _languages(values.get("languages", settings.languages), engine, here, faults)
    check(faults)
    rendering = build_rendering(values, settings)
    kept = any(FORMATS[name].shows_alternatives for name in formats)
    wanted = values.get("alternatives", OPTIONS["alternatives"].default_value)
    options = ReadOptions(
        **{
            "words": here.words,
            "handwriting": handwriting,
            **_members_of(ReadOptions, values),
            **languages,
            "engine": engine,
            "handwriting_model": settings.handwriting_model,
            "symbols": rendering.detail is Detail.SYMBOL,
            "fields": values.get("fields", profile.fields if profile else ()),
            "finder": profile.finder if profile and "fields" not in values else TEXT,
            "framing": values.get("corners", profile.framing if profile else Framing()),
            "alternatives": kept and "dictionary" in wanted,
            "engine_alternatives": kept and "engine" in wanted,
        }
    )
    if FINDERS[options.finder].needs_codes:
        options = replace(options, codes=True)
    if options.codes:
        check_codes_are_read()
    job = Job(
        sources=sources,
        options=options,
        limits=rendering.limits,
        deadline=_deadline(values, min(most_seconds, settings.timeout_s)),
        **_members_of(Job, values),
    )
    flags = {
        name: values.get(name, OPTIONS[name].default_value) for name in ("partial", "pictures")
    }
    return ParsedRequest(job=job, formats=formats, rendering=rendering, **flags)


def build_rendering_job(
    values: Mapping[str, Any],  # each option has a type of its own
    sources: tuple[Source, ...],
    *,
    settings: Settings,
    formats: tuple[str, ...],
) -> ParsedRequest:
    """The job of rendering a document; `sources` are the files for formats that show pictures.

    Raises:
        FormatUnavailable: a format shows the pictures, and there are no files.
    """
    formats = values.get("format") or formats
    pictured = [name for name in formats if FORMATS[name].shows_pictures]
    if pictured and not sources:
        raise FormatUnavailable(
            f"The pictures are part of {' and '.join(pictured)}, and no file was sent. Send the "
            "file that was read along with the document."
        )
    rendering = build_rendering(values, settings)
    job = Job(
        sources=sources,
        options=ReadOptions(),
        limits=rendering.limits,
        deadline=_deadline(values, settings.timeout_s),
        **_members_of(Job, values),
    )
    partial = values.get("partial", OPTIONS["partial"].default_value)
    return ParsedRequest(job, formats=formats, rendering=rendering, partial=partial)


def parse_options(texts: Mapping[str, str], faults: list[dict[str, str]]) -> dict[str, Any]:
    """The values of the options by name; what is empty counts as not given."""
    values = {}
    for name, text in texts.items():
        option = OPTIONS.get(name)
        if option is None:
            told = f"no such option; there are {', '.join(OPTIONS)}"
            misspelt = [name or ""] if len(faults) < MOST_COMPARED else []
            faults.append(fault_of(name, with_closest(told, misspelt, OPTIONS)))
        elif text.strip():
            try:
                values[name] = option.parse(text.strip())
            except ValueError as error:
                faults.append(fault_of(name, str(error)))
    return values


def limits_of(settings: Settings, dpi: float | None = None) -> Limits:
    """What the operator allows a document to cost."""
    return Limits(
        max_pixels=settings.max_pixels,
        max_pages=settings.max_pages,
        max_words=settings.max_words,
        max_answer_bytes=settings.max_answer_bytes,
        # A PDF's pages have no pixels of their own: they are drawn at this resolution.
        pdf_dpi=round(dpi or settings.pdf_dpi),
        memory_bytes=settings.worker_bytes,
    )


def build_rendering(
    values: Mapping[str, Any],  # each option has a type of its own
    settings: Settings,
) -> Rendering:
    """How the answer is to look."""
    return Rendering(
        limits=limits_of(settings, values.get("dpi")),
        password=values.get("password"),
        **_members_of(Rendering, values),
    )


def languages_of(
    names: tuple[str, ...], settings: Settings, engine: EngineInfo
) -> dict[str, tuple[str, ...] | bool]:
    """The members of `ReadOptions` that languages, `auto` among them perhaps, stand for.

    Beside `auto` stand the languages to read in first: else those of the settings, else English.

    Raises:
        LanguageMissing: one is not installed.
    """
    check_installed(names, engine)
    told, usual = ([name for name in some if name != AUTO] for some in (names, settings.languages))
    installed = engine.languages
    usual = [name for name in usual or ENGLISH if name in installed]
    return {
        "languages": tuple(told or usual or installed[:1] or ENGLISH),
        "auto_language": AUTO in names,
        "installed": installed,
    }


def check_installed(languages: tuple[str, ...], engine: EngineInfo) -> None:
    """Do nothing if the engine has all the languages; `auto` is none.

    Raises:
        LanguageMissing: it has not.
    """
    known = {*engine.languages, AUTO}
    missing = [name for name in languages if name not in known]
    if missing:
        raise missing_languages(missing, installed=engine.languages)


def _check_size(sources: tuple[Source, ...], limit: int, setting: str) -> None:
    if sum(source.size_bytes for source in sources) > limit:
        raise body_too_large(limit, setting)


def _profile(
    values: Mapping[str, Any],  # each option has a type of its own
    profiles: Mapping[str, Profile],
    faults: list[dict[str, str]],
) -> Profile | None:
    name = values.get("profile")
    if name is not None and name not in profiles:
        told = f"no such profile; there are {', '.join(profiles)}"
        faults.append(fault_of("profile", with_closest(told, [name], profiles)))
    return None if name is None else profiles.get(name)


def _languages(
    names: tuple[str, ...], engine: str, here: Installation, faults: Faults
) -> dict[str, tuple[str, ...] | bool]:
    """What `languages_of` makes of the names; what is not installed is one fault among others.

    Nothing is looked for where the faults tell that engine or languages were not understood.

    Raises:
        LanguageMissing: a language is not installed, and nothing else is wrong.
        EngineUnavailable: the engine is not installed, and nothing else is wrong.
        EngineMissing: the engine of the settings is not installed, and nothing else is wrong.
    """
    if are_told(faults, "engine", "languages"):
        return {}
    try:
        return languages_of(names, here.settings, installed_engine(engine, here))
    except (LanguageMissing, EngineUnavailable, EngineMissing) as error:
        if not faults:
            raise
        if not isinstance(error, EngineMissing):  # the server's fault, not the request's
            field = "languages" if isinstance(error, LanguageMissing) else "engine"
            faults.append(fault_of(field, error.message))
        return {}


def installed_engine(name: str, here: Installation) -> EngineInfo:
    """The engine of that name.

    Raises:
        EngineMissing: the engine of the settings is not installed.
        EngineUnavailable: another engine is not installed.
    """
    try:
        return here.engine_named(name)
    except EngineMissing as error:
        if name == here.settings.engine:
            raise  # the server's fault, not the request's
        raise EngineUnavailable(error.message, engine=name) from error


def _members_of(owner: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a dataclass that the options set."""
    return {
        option.sets[1]: values[name]
        for name, option in OPTIONS.items()
        if option.sets and option.sets[0] is owner and name in values
    }


def _deadline(values: Mapping[str, Any], most_seconds: float) -> Deadline:
    """When the time is over: that of the server, or what the request leaves of it."""
    asked_s = values.get("timeout_s", most_seconds)
    return Deadline.after(most_seconds).sooner(asked_s, setting="timeout_s")
