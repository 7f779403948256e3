"""The pages for people: upload, webcam, about; each works without scripts."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, render_template, request

from ocr_server import __version__
from ocr_server.job import Job, Layout, PageSelection
from ocr_server.languages import name_of
from ocr_server.service import Service
from ocr_server.settings import MIB
from ocr_server.sources.decode import PREVIEW_MEDIA_TYPE
from ocr_server.web.forms import read_job
from ocr_server.web.scripts import declarations, modules_of
from ocr_server.web.service import hang_up, service

PICTURES_SHOWN = 10  # on a result page without scripts; each weighs about as much as a photo

# What a person would call the layouts; `word` and the numbered modes are for programs.
LAYOUTS = (
    (Layout.AUTO, "Find out"),
    (Layout.COLUMN, "One column"),
    (Layout.BLOCK, "One block of text"),
    (Layout.LINE, "One line"),
    (Layout.SPARSE, "Scattered words"),
)

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_global(declarations)
blueprint.add_app_template_global(modules_of)


@blueprint.get("/")
def upload() -> str:
    """The upload page."""
    return render_template("upload.html", **_choices(service()))


@blueprint.post("/")
def read() -> str:
    """The upload page's answer where scripts do not run."""
    here = service()
    with here.admission.turn():
        job = read_job(request, here).job
        document = here.read(job, hang_up())
        shown = [page.number for page in document.pages[:PICTURES_SHOWN]]
        pictures = {
            number: _data_url(here.draw_preview(_only(job, number), hang_up())) for number in shown
        }
    file = request.files.get("file")  # none in a raw body or JSON
    return render_template(
        "result.html",
        name=(file and file.filename) or "Your picture",
        document=document,
        words=sum(len(page.words) for page in document.pages),
        pictures=pictures,
    )


@blueprint.post("/picture")
def draw() -> Response:
    """The first of the pages asked for, as a browser can show it; options as for a reading."""
    return _draw_first(prepared=False)


@blueprint.post("/picture/prepared")
def draw_prepared() -> Response:
    """The same as it was made ready for reading, each of its points where it was."""
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


def _choices(here: Service) -> dict[str, Any]:  # what templates take is as mixed as they are
    chosen = [code for code in here.settings.languages if code in here.engine.languages]
    rest = sorted(set(here.engine.languages) - set(chosen) - {"osd"}, key=name_of)
    return {
        "languages": [{"code": code, "name": name_of(code)} for code in (*chosen, *rest)],
        "chosen": chosen,
        "chosen_names": ", ".join(map(name_of, chosen)),
        "layouts": LAYOUTS,
        "max_bytes": here.settings.max_body_bytes,
        "max_size": f"{here.settings.max_body_bytes // MIB} MB",
        "max_pages": here.settings.max_pages,
    }


def _draw_first(*, prepared: bool) -> Response:
    here = service()
    with here.admission.turn():
        job = read_job(request, here).job
        picture = here.draw_preview(job, hang_up(), prepared=prepared)
    return Response(picture, content_type=PREVIEW_MEDIA_TYPE)


def _only(job: Job, number: int) -> Job:
    return replace(job, pages=PageSelection(((number, number),)))


def _data_url(picture: bytes) -> str:
    return f"data:{PREVIEW_MEDIA_TYPE};base64,{base64.b64encode(picture).decode()}"
