"""docling-serve 1: `/v1/convert/file` and `/v1/convert/source`, at once or as a task.

A task is a durable job; where the server keeps none, it is done when its POST is answered, and its
result is kept for ten minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Response, jsonify, request

from ocr_server.document.model import Document
from ocr_server.document.roles import Roles
from ocr_server.errors import InvalidOptions, JobMissing, OcrServerError, UnsupportedFormat
from ocr_server.export.markdown import page_markdown
from ocr_server.job import PageSelection, ReadOptions, Source, TextLayerUse
from ocr_server.office.files import office_type_of
from ocr_server.office.plain import OfficeText
from ocr_server.web.auth import owner_of
from ocr_server.web.body import JSON, body_of, decoded_image
from ocr_server.web.compat.adapter import (
    ALL_PAGES,
    USUAL_STATUS,
    Adapter,
    ErrorKind,
    answer_errors,
    encoded,
    hinted_languages,
    kind_of,
    read,
    read_office,
    refusal,
    rendered,
    told_left_out,
)
from ocr_server.web.compat.docling_document import docling_document, office_document
from ocr_server.web.compat.kept_jobs import KeptJob, begin_job, kept_jobs
from ocr_server.web.context import service

_FORMATS = ("md", "json", "html", "text", "doctags")
_OURS = {"md": "markdown", "json": "json", "html": "html", "text": "text"}
_MOST_WAIT_S = 60.0
_RESULT = "result"  # part of what is kept
_LAST = 10**6  # what stands for the last page is far more
Json: TypeAlias = dict[str, Any]  # as mixed as what docling sends and answers

blueprint = Blueprint("docling", __name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    source: Source
    name: str
    options: Mapping[str, list[Any]]  # of a form or of JSON
    media_type: str = ""

    @property
    def office_type(self) -> str | None:
        return office_type_of(self.source.path, name=self.name, media_type=self.media_type)

    @property
    def formats(self) -> set[str]:
        return {str(name) for name in self.options.get("to_formats", ())} or {"md"}

    @property
    def hints(self) -> list[str]:
        return [str(tag) for tag in self.options.get("ocr_lang", ())]

    @property
    def page_break(self) -> str:
        return str(next(iter(self.options.get("md_page_break_placeholder", ())), ""))

    def first(self, name: str, default: str = "") -> str:
        values = self.options.get(name)
        return str(values[0]).lower() if values else default


@blueprint.post("/v1/convert/<any(file, source):kind>")
def convert(kind: str) -> Response:
    """Read a document, and answer with it in the formats of the request."""
    return Response(_converted(_sent(kind)), content_type=JSON)


@blueprint.post("/v1/convert/<any(file, source):kind>/async")
def begin(kind: str) -> Response:
    """Read a document, and say under which id its result is."""
    sent = _sent(kind)
    kept = kept_jobs()
    first, last = next(iter(_pages(sent.options.get("page_range", ())).ranges), (1, -1))
    is_open = first > 1 and last < 0
    if kept is None or sent.office_type or is_open or sent.page_break:  # no options of a job
        stored = service().store.keep(owner_of(request), {_RESULT: _converted(sent)})
        return jsonify(_task(stored.id))
    reading = _reading(sent)
    texts = {
        "languages": "+".join(reading.languages),
        "text_layer": reading.text_layer.value,
        "pages": f"{first}-{last}" if last > 0 else "",
        "format": ",".join(ours for name, ours in _OURS.items() if name in sent.formats),
    }
    return jsonify(_task(begin_job(kept, sent.source, texts), "pending"))


@blueprint.get("/v1/status/poll/<task_id>")
def tell_status(task_id: str) -> Response:
    """How far a task is, after its next change if the client waits for one."""
    if service().store.find(task_id, owner_of(request)) is not None:
        return jsonify(_task(task_id))
    operation = _operation(task_id, wait_s=request.args.get("wait", 0.0, float))
    state = "started" if operation.is_begun else "pending"
    if operation.is_over:
        document = operation.document
        done = "partial_success" if document.problems else "success"
        state = done if document.pages else "failure"
    return jsonify(_task(task_id, state))


@blueprint.get("/v1/result/<task_id>")
def get_result(task_id: str) -> Response:
    """The result of a task."""
    opened = service().store.open(task_id, owner_of(request), _RESULT)
    if opened is not None:
        with opened:
            return Response(opened.read(), content_type=JSON)
    operation = _operation(task_id)
    if not operation.is_over:
        raise JobMissing("The task is not done yet. Ask again later.")
    document = operation.document
    if not document.pages and operation.error:
        raise operation.error
    asked = operation.options.get("format", "markdown").split(",")
    formats = [name for name, ours in _OURS.items() if ours in asked]
    sent = _Sent(operation.source, "document", {"to_formats": formats})
    return Response(_told(document, sent, time.perf_counter()), content_type=JSON)


def _operation(task_id: str, *, wait_s: float = 0.0) -> KeptJob:
    kept = kept_jobs()
    if kept is None:
        raise _no_task()
    return KeptJob.of(kept, task_id, wait_s=min(max(0.0, wait_s), _MOST_WAIT_S))


@blueprint.get("/health")
def tell_health() -> Response:
    """That the server is there."""
    return jsonify(status="ok")


def _task(task_id: str, state: str = "success") -> Json:
    return {
        "task_id": task_id,
        "task_type": "convert",
        "task_status": state,
        "task_position": None,
        "task_meta": None,
    }


def _no_task() -> JobMissing:
    return JobMissing("Task not found.")


def _sent(kind: str) -> _Sent:
    return _sent_form() if kind == "file" else _sent_json()


def _sent_form() -> _Sent:
    about = [(file.filename, file.mimetype) for file in request.files.getlist("files")]
    body = body_of(request)
    sources = body.files.get("files", ())
    if len(sources) != 1 or not sources[0].size_bytes:
        raise UnsupportedFormat(f"Send one file in the field files; {len(sources)} came.")
    name, media_type = about[0]
    return _checked(_Sent(sources[0], name or "file", body.texts, media_type))


def _sent_json() -> _Sent:
    try:
        members = body_of(request, forms=()).members()
        (document,) = (one.members() for one in members["sources"].items())
        source = decoded_image(document["base64_string"])
        name = str(document["filename"].parsed()) if "filename" in document else "file"
        options = members["options"].parsed() if "options" in members else {}
        target = members["target"].parsed() if "target" in members else {}
    except (KeyError, ValueError) as error:
        raise InvalidOptions(
            "Send one source of kind file, with base64_string and filename; nothing is fetched."
        ) from error
    if not isinstance(options, dict) or not isinstance(target, dict):
        raise InvalidOptions("options and target must be objects.")
    lists = {key: value if isinstance(value, list) else [value] for key, value in options.items()}
    return _checked(_Sent(source, name, lists | {"target_type": [target.get("kind", "inbody")]}))


def _checked(sent: _Sent) -> _Sent:
    if sent.first("target_type", "inbody") != "inbody":
        # The client knows these words, and asks again for the answer itself.
        raise InvalidOptions(
            "This target requires artifact storage to be configured; ask for inbody."
        )
    wrong = [one for one in sent.options.get("to_formats", ()) if str(one) not in _FORMATS]
    if wrong:
        raise InvalidOptions(f"to_formats must be some of {', '.join(_FORMATS)}.")
    return sent


def _converted(sent: _Sent) -> bytes:
    begun = time.perf_counter()
    office = read_office(
        sent.source,
        ("text", "markdown", "html"),
        name=sent.name,
        media_type=sent.media_type,
        wants_blocks="json" in sent.formats,
    )
    if office is not None:
        errors = [_error("embedded-picture", problem) for problem in office.problems]
        return _answer_of(_office_document(office, sent), begun, errors, is_partial=bool(errors))
    document = read(
        sent.source,
        _reading(sent),
        pages=_pages(sent.options.get("page_range", ())),
        is_partial=True,
    )
    return _told(document, sent, begun)


def _reading(sent: _Sent) -> ReadOptions:
    languages = hinted_languages(sent.hints)
    layer = TextLayerUse.AUTO
    if sent.first("force_ocr") == "true":
        layer = TextLayerUse.IGNORE
    elif sent.first("do_ocr") == "false":
        layer = TextLayerUse.ONLY
    return ReadOptions(languages=languages, text_layer=layer)


def _told(document: Document, sent: _Sent, begun: float) -> bytes:
    errors = [
        _error(failure.error.code, f"Page {failure.page}: {failure.error.client_message}")
        for failure in document.problems
    ]
    if left_out := told_left_out(sent.hints):
        errors.append(_error("language", left_out, of="user_input"))
    return _answer_of(_document(document, sent), begun, errors, is_partial=bool(document.problems))


def _error(name: str, message: str, *, of: str = "document_backend") -> Json:
    return {"component_type": of, "module_name": name, "error_message": message}


def _answer_of(document: Json, begun: float, errors: Sequence[Json], *, is_partial: bool) -> bytes:
    return msgspec.json.encode(
        {
            "document": document,
            "status": "partial_success" if is_partial else "success",
            "errors": errors,
            "processing_time": round(time.perf_counter() - begun, 3),
            "timings": {},
        }
    )


def _office_document(office: OfficeText, sent: _Sent) -> Json:
    """A file that has text of its own, whose blocks have no places."""
    wanted, texts = sent.formats, office.texts
    return {
        "filename": sent.name,
        "md_content": texts["markdown"] if "md" in wanted else None,
        "json_content": (
            encoded(office_document(office.blocks, sent.name, sent.source.path, sent.office_type))
            if "json" in wanted
            else None
        ),
        "html_content": texts["html"] if "html" in wanted else None,
        "text_content": texts["text"] if "text" in wanted else None,
        "doctags_content": None,
    }


def _document(document: Document, sent: _Sent) -> Json:
    wanted = sent.formats
    return {
        "filename": sent.name,
        "md_content": _markdown(document, sent.page_break) if "md" in wanted else None,
        "json_content": (
            encoded(docling_document(document, sent.name, sent.source.path))
            if "json" in wanted
            else None
        ),
        "html_content": rendered(document, "html") if "html" in wanted else None,
        "text_content": rendered(document, "text") if "text" in wanted else None,
        "doctags_content": None,
    }


def _markdown(document: Document, page_break: str) -> str:
    """Markdown, with the text that the client asks for between pages that have some."""
    if not page_break:
        return rendered(document, "markdown")
    roles = Roles.of(document.pages)
    pages = filter(None, (page_markdown(page, roles) for page in document.pages))
    return f"\n\n{page_break}\n\n".join(pages)


def _pages(given: Any) -> PageSelection:  # noqa: ANN401  # texts of a form, numbers of JSON
    try:
        first, last = [int(number) for number in given] or (1, _LAST)
    except (TypeError, ValueError) as error:
        raise InvalidOptions("page_range must be the first and the last page.") from error
    if not 1 <= first <= last:
        raise InvalidOptions("page_range must be the first and the last page, from 1.")
    return PageSelection(((first, last if last < _LAST else -1),)) if given else ALL_PAGES


_STATUS = {**USUAL_STATUS, ErrorKind.REQUEST: 422}


def _answer(error: OcrServerError) -> Response:
    body = json.dumps({"detail": error.client_message})
    return refusal(error, body, status=_STATUS[kind_of(error)], media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(blueprint, "`/v1/convert/file` and `/v1/convert/source` of docling-serve")
