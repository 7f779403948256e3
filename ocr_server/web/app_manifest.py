"""The pages as an installed app: what it is called, and what is shared with it.

Where the app is installed, its worker hands shared files to the upload page. Where no worker runs
yet, they come here as a form does without scripts.

Source: W3C, "Web Application Manifest" and "Web Share Target API".
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json, request, send_file, url_for

from ocr_server.sources.signatures import ACCEPTED_FILES
from ocr_server.web import pages
from ocr_server.web.page_scripts import SCRIPTS
from ocr_server.web.translation import RIGHT_TO_LEFT, page_language

WORKER = SCRIPTS / "lib" / "worker.js"
ACCENT, GROUND = "#0b6177", "#f5f6f8"  # as in base.css

blueprint = Blueprint("install", __name__)


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """Name, colours and icon of the app, and how files are shared with it."""
    response = Response(json.dumps(_manifest()), content_type="application/manifest+json")
    response.vary.update(("Accept-Language", "Cookie"))
    return response


@blueprint.get("/worker.js")
def worker() -> Response:
    """The script that hands shared files to the page: here, as it may act below its address."""
    response = send_file(WORKER, mimetype="text/javascript", conditional=True)
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.post("/share")
def share() -> str:
    """What is shared with the app before its worker runs, read as the form of the upload page."""
    return pages.read()


def _manifest() -> dict[str, Any]:  # JSON
    language = page_language()
    icon = url_for("static", filename="img/mark.svg").removeprefix(request.script_root + "/")
    return {
        "name": "ocr-server",
        "description": pages.in_words(
            "Reads the text in scans, photos and PDFs, and keeps nothing."
        ),
        "lang": language,
        "dir": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "theme_color": ACCENT,
        "background_color": GROUND,
        "icons": [{"src": icon, "type": "image/svg+xml", "sizes": "any"}],
        "share_target": {
            "action": "share",
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "file", "accept": ACCEPTED_FILES.split(",")}]},
        },
    }
