"""The page for programs, from the tables that the code runs on and the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Blueprint, render_template, request
from markupsafe import Markup, escape

from ocr_server.export import FORMATS
from ocr_server.request.options import OPTIONS
from ocr_server.web.compat import ADAPTERS
from ocr_server.web.context import service
from ocr_server.web.openapi import describe_api
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, STATUS

# Files of templates/examples; tests run each of them.
EXAMPLES = {"curl": "curl.sh", "Python": "python.py.txt", "JavaScript": "javascript.js"}
_CODE = re.compile(r"`([^`]+)`")

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs")
def docs() -> str:
    """Examples, routes, options, formats and problems."""
    url = request.host_url.rstrip("/")
    return render_template(
        "docs.html",
        examples=[
            (name, render_template(f"examples/{file}", url=url)) for name, file in EXAMPLES.items()
        ],
        routes=list(_routes()),
        options=[(f"`{name}`", o.default, o.meaning) for name, o in OPTIONS.items()],
        formats=[(f"`{name}`", f.media_type, f.meaning) for name, f in FORMATS.items()],
        problems=sorted(
            (str(status), f"`{kind.code}`", kind.title)
            for kind, status in STATUS.items()
            if status != CLIENT_CLOSED_REQUEST
        ),
        adapters=[(f"`{name}`", ADAPTERS[name].meaning) for name in service().settings.compat],
    )


@blueprint.app_template_filter("marked")
def mark_code(text: str) -> Markup:
    """The text with what stands between backticks marked as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped


def _routes() -> Iterator[tuple[str, str]]:
    for path, operations in describe_api()["paths"].items():
        for method, operation in operations.items():
            yield f"`{method.upper()} {path}`", operation["summary"]
