"""The pages: upload, webcam, about and API, and what their templates and scripts use.

Each works without scripts.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, json, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from ocr_server import __version__
from ocr_server.cgroup import MIB
from ocr_server.document.languages import AUTO
from ocr_server.document.model import Document, Page
from ocr_server.export import FORMATS
from ocr_server.export.json import render_json
from ocr_server.export.rendering import Rendering
from ocr_server.job import Job, Layout, PageSelection
from ocr_server.page.codes import are_codes_read
from ocr_server.pipeline import MOST_HELD_WORDS
from ocr_server.request.options import OPTIONS
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.sources.pixels import PREVIEW_MEDIA_TYPE
from ocr_server.web.body import read_job
from ocr_server.web.compat import adapters_named
from ocr_server.web.context import hang_up, service
from ocr_server.web.openapi import describe_api
from ocr_server.web.page_scripts import declarations, modules_of
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, STATUS
from ocr_server.web.translation import (
    COOKIE,
    LANGUAGES,
    RIGHT_TO_LEFT,
    SCRIPTS_PART,
    catalogue_of,
    language_name,
    page_language,
    retold,
    translate,
)

YEAR_S = 365 * 24 * 3600
PICTURES_SHOWN = 10  # on a result page without scripts; each weighs about as much as a photo

# What a person would call the layouts; `word` and the numbered modes are for programs.
LAYOUTS = (
    (Layout.AUTO, "Find out"),
    (Layout.COLUMN, "One column"),
    (Layout.BLOCK, "One block of text"),
    (Layout.LINE, "One line"),
    (Layout.SPARSE, "Scattered words"),
)

# Files of templates/examples; tests run each of them.
EXAMPLES = {"curl": "curl.sh", "Python": "python.py.txt", "JavaScript": "javascript.js"}
_CODE = re.compile(r"`([^`]+)`")
_USUAL_LANGUAGES = Settings().languages

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_global(modules_of)
blueprint.add_app_template_global(declarations)


@blueprint.get("/")
def upload() -> str:
    """The upload page."""
    return render_template("upload.html", **_choices(service()))


@blueprint.post("/")
def read() -> str:
    """The upload page's answer where scripts do not run."""
    here = service()
    with here.admission.admit():
        job = read_job(request, here).job
        document = here.read(job, hang_up())
        shown = [page.number for page in document.pages[:PICTURES_SHOWN]]
        pictures = {
            number: _data_url(here.draw_preview(_only(job, number), hang_up())) for number in shown
        }
    words = sum(len(page.words) for page in document.pages)
    return render_template(
        "result.html",
        name=_name_of_files(),
        document=document,
        document_json="" if words > MOST_HELD_WORDS else _json_of(document),
        words=words,
        pictures=pictures,
    )


@blueprint.post("/picture")
def draw() -> Response:
    """The first requested page as a picture that browsers show; options as of `/v1/documents`."""
    return _draw_first(prepared=False)


@blueprint.post("/picture/prepared")
def draw_prepared() -> Response:
    """The first requested page as it looked before recognition, in the geometry of the page."""
    return _draw_first(prepared=True)


@blueprint.get("/webcam")
def webcam() -> str:
    """The webcam page."""
    return render_template("webcam.html", **_choices(service()))


@blueprint.get("/about")
def about() -> str:
    """What the server does, takes and keeps."""
    here = service()
    return render_template(
        "about.html",
        **_choices(here),
        max_megapixels=here.settings.max_pixels // 1_000_000,
        engine=here.engine,
        version=__version__,
    )


@blueprint.get("/docs")
def docs() -> str:
    """Examples, routes, options, formats and problems."""
    url = request.url_root.rstrip("/")
    return render_template(
        "docs.html",
        examples=[
            (name, render_template(f"examples/{file}", url=url)) for name, file in EXAMPLES.items()
        ],
        routes=list(_routes()),
        options=[(f"`{name}`", o.default, o.description) for name, o in OPTIONS.items()],
        formats=[(f"`{name}`", f.media_type, f.meaning) for name, f in FORMATS.items()],
        problems=sorted(
            (str(status), f"`{kind.code}`", kind.title)
            for kind, status in STATUS.items()
            if status != CLIENT_CLOSED_REQUEST
        ),
        adapters=[
            (f"`{name}`", adapter.meaning)
            for name, adapter in adapters_named(service().settings.compat).items()
        ],
    )


@blueprint.app_template_global("url_for")
def relative_url(endpoint: str, **values: Any) -> str:  # noqa: ANN401  # as Flask's
    """Flask's `url_for`, but relative to the page that is shown.

    So a page works below any path, whether or not the server knows of it.
    """
    address = url_for(endpoint, **values).removeprefix(request.script_root).removeprefix("/")
    return "../" * (request.path.count("/") - 1) + address or "./"


@blueprint.app_template_filter("marked")
def mark_code(text: str) -> Markup:
    """The text with what stands between backticks marked as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped


@blueprint.app_template_global("_")
def in_words(english: str, **values: str | int) -> Markup:
    """A message in the language of the page; its values are escaped, its markup is our own."""
    return translate(english, page_language(), Markup, **values)


@blueprint.app_template_global()
def translated(sentence: str) -> str:
    """What the server says of a document, in the language of the page."""
    return retold(sentence, page_language())


@blueprint.app_template_filter("language_name")
def named(code: str) -> str:
    """The name of a language of Tesseract in that of the page."""
    return language_name(code, page_language())


@blueprint.app_context_processor
def words_of_page() -> dict[str, Any]:
    """What every page says of its own language."""
    language = page_language()
    return {
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "languages_of_pages": LANGUAGES,
    }


@blueprint.before_request
def choose_language() -> AnyResponse | None:
    """Remember the language of `?language=`, and show the page without it in its address."""
    wanted = request.args.get("language", "")
    if request.method != "GET" or wanted not in LANGUAGES or request.endpoint is None:
        return None
    answer = redirect(relative_url(request.endpoint, **(request.view_args or {})), 303)
    # Of the folder of the pages, wherever a proxy has it.
    answer.set_cookie(COOKIE, wanted, max_age=YEAR_S, path=None, httponly=True, samesite="Lax")
    return answer


@blueprint.get("/words/<language>.js")
def catalogue(language: str) -> AnyResponse:
    """The messages of the scripts in a language, which they find there when they begin."""
    if language not in LANGUAGES:
        raise NotFound
    messages = catalogue_of(language).get(SCRIPTS_PART, {})
    found = json.dumps({"language": language, "messages": messages}, ensure_ascii=False)
    text = f"globalThis.catalogue = {found};\n"
    response = Response(text, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"  # but asked for anew
    response.add_etag()
    return response.make_conditional(request)


@blueprint.app_template_filter()
def upright_quarters(page: Page) -> int:
    """Quarter turns clockwise, from 0 to 3, after which most letters of a page stand upright."""
    votes = Counter[int]()
    for line in page.lines:
        votes[-round(line.quad.angle_deg / 90) % 4] += len(line.text)
    return max(votes, key=votes.__getitem__, default=0)


def _choices(here: Service) -> dict[str, Any]:  # what templates take is as mixed as they are
    codes = (AUTO, *here.engine.languages)
    chosen = [code for code in here.settings.languages if code in codes]
    if len(here.engine.languages) > 1 and here.settings.languages == _USUAL_LANGUAGES:
        chosen = [AUTO]  # nobody has said which of the installed ones it is to be
    rest = sorted(set(codes) - set(chosen), key=lambda code: (code != AUTO, named(code)))
    return {
        "languages": [{"code": code, "name": named(code)} for code in (*chosen, *rest)],
        "chosen": chosen,
        "chosen_names": ", ".join(map(named, chosen)),
        "layouts": [(layout, in_words(name)) for layout, name in LAYOUTS],
        "codes": are_codes_read(),
        "jobs": bool(here.settings.jobs),
        "max_bytes": here.settings.max_body_bytes,
        "max_size": f"{here.settings.max_body_bytes // MIB} MiB",
        "max_pages": here.settings.max_pages,
    }


def _draw_first(*, prepared: bool) -> Response:
    here = service()
    with here.admission.admit():
        job = read_job(request, here).job
        picture = here.draw_preview(job, hang_up(), prepared=prepared)
    return Response(picture, content_type=PREVIEW_MEDIA_TYPE)


def _only(job: Job, number: int) -> Job:
    return replace(job, pages=PageSelection(((number, number),)))


def _name_of_files() -> str:
    files = request.files.getlist("file")  # none in a raw body or JSON
    first = (files[0].filename if files else None) or in_words("Your picture")
    others = len(files) - 1
    if others < 1:
        return first
    return in_words("{name} and {n} other|{name} and {n} others", name=first, n=others)


def _json_of(document: Document) -> str:
    return b"".join(render_json(document, (), Rendering())).decode()


def _data_url(picture: bytes) -> str:
    return f"data:{PREVIEW_MEDIA_TYPE};base64,{base64.b64encode(picture).decode()}"


def _routes() -> Iterator[tuple[str, str]]:
    for path, operations in describe_api()["paths"].items():
        for method, operation in operations.items():
            yield f"`{method.upper()} {path}`", operation["summary"]
