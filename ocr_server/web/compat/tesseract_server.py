"""hertzg/tesseract-server: `POST /tesseract`, `GET /status`, `/.well-known/health/…`.

Its answer is what the program `tesseract` left: exit code, standard output and error. A picture
that Tesseract refuses is a 200 with exit code 1; other errors are those of its versions 2.3 to
2.6. Options that would name files here, or set any parameter of Tesseract, are refused.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from ocr_server import __version__
from ocr_server.document.model import Document
from ocr_server.errors import (
    DocumentError,
    Draining,
    EngineFailed,
    InvalidOptions,
    LanguageMissing,
    OcrServerError,
    QueueFull,
    RequestError,
)
from ocr_server.job import ReadOptions
from ocr_server.request.options import OPTIONS
from ocr_server.request.parsing import parse_alphabet, parse_layout
from ocr_server.web.auth import IN_ADDRESS
from ocr_server.web.body import body_of
from ocr_server.web.compat.adapter import (
    Adapter,
    answer_errors,
    read,
    refusal,
    rendered,
)
from ocr_server.web.context import service
from ocr_server.web.json_body import json_object
from ocr_server.web.problems import STATUS

# Parameters of Tesseract that are harmless and mean the same here.
ALPHABET = "tessedit_char_whitelist"
FORMATS_OF_PARAMETERS = {"tessedit_create_hocr": "hocr", "tessedit_create_tsv": "tsv"}
MODERN_ENGINES = {1, 3}  # LSTM, and whatever there is; 0 and 2 are the old one, not installed
MOST_NAMED = 20  # languages that are missing

blueprint = Blueprint("tesseract-server", __name__)


@dataclass(frozen=True, slots=True)
class _ParsedOptions:
    reading: ReadOptions
    format: str


@blueprint.post("/tesseract")
def run_tesseract() -> Response:
    """Standard output and error of a `tesseract` process, as JSON."""
    body = body_of(request)
    source = next(iter(body.files.get("file", ())), None)
    if source is None or not source.size_bytes:
        raise InvalidOptions("No or empty file provided")
    parsed = _read_options(next(iter(body.texts.get("options", ())), ""))
    document = read(source, parsed.reading)
    return jsonify(_run(code=0, stdout=_output(document, parsed.format), stderr=""))


@blueprint.get("/.well-known/health/<any(healthy, live, ready):probe>")
def health(probe: str) -> tuple[dict[str, Any], int]:
    """UP or not; unlike theirs, whatever the load."""
    here = service()
    if probe == "live":
        return {"status": "UP", "checks": []}, 200
    if here.admission.is_draining:
        return {"status": "STOPPING", "checks": []}, 503
    is_up = here.why_not_ready() is None
    return {"status": "UP" if is_up else "DOWN", "checks": []}, 200 if is_up else 503


def status() -> dict[str, Any]:
    """Its share of the route `/status`; the one pool stands for our slots."""
    here = service()
    slots, busy = here.workers.slots, here.workers.busy
    return {
        "data": {
            "version": __version__,
            "commit": "",
            "host": {
                "hostname": platform.node(),
                "platform": platform.system().lower(),
                "arch": platform.machine(),
                "uptime": time.clock_gettime(time.CLOCK_BOOTTIME),
                "release": platform.release(),
                "loadavg": list(os.getloadavg()),
            },
            "processor": {
                "pools": [
                    {
                        "args": f"-l {'+'.join(here.settings.languages)}",
                        "resources": [],
                        "status": {
                            "spareResourceCapacity": 0,
                            "size": slots,
                            "available": slots - busy,
                            "borrowed": busy,
                            "pending": here.admission.waiting,
                            "max": slots,
                            "min": slots,
                        },
                    }
                ]
            },
        }
    }


def _read_options(text: str) -> _ParsedOptions:
    try:
        options = json_object(text)
    except ValueError as error:
        raise InvalidOptions(f"options: {error}") from error
    unknown = options.keys() - _READERS.keys()
    if unknown:
        raise InvalidOptions(
            f"options has {', '.join(sorted(unknown))}; this server takes {', '.join(_READERS)}"
        )
    values: dict[str, Any] = {"languages": service().settings.languages}  # as ReadOptions's fields
    for name, value in options.items():
        try:
            values.update(_READERS[name](value))
        except (TypeError, ValueError) as error:
            raise InvalidOptions(f"options.{name}: {error}") from error
    format_ = values.pop("format", "text")
    return _ParsedOptions(ReadOptions(**values), format_)


def _languages(value: object) -> dict[str, Any]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError("expected a list of strings, not empty")
    return {"languages": tuple(value)}


def _dpi(value: object) -> dict[str, Any]:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError("expected a whole number above 0")
    return {"dpi": OPTIONS["dpi"].parse(str(value))}


def _psm(value: object) -> dict[str, Any]:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a whole number")
    return {"psm": parse_layout(str(value))}


def _engine_mode(value: object) -> dict[str, Any]:
    if value not in MODERN_ENGINES or isinstance(value, bool):
        raise ValueError("expected 1 or 3: the legacy engine is not installed")
    return {}


def _parameters(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise TypeError("expected an object of strings")
    allowed = {ALPHABET, *FORMATS_OF_PARAMETERS}
    if not value.keys() <= allowed:
        raise ValueError(f"this server takes only {', '.join(sorted(allowed))}")
    found: dict[str, Any] = {}
    if ALPHABET in value:
        found["alphabet"] = parse_alphabet(value[ALPHABET])
    for name, format_ in FORMATS_OF_PARAMETERS.items():
        if value.get(name, "0") not in {"0", "F", "false"}:
            found["format"] = format_
    return found


_READERS = {
    "languages": _languages,
    "dpi": _dpi,
    "pageSegmentationMethod": _psm,
    "ocrEngineMode": _engine_mode,
    "configParams": _parameters,
}


def _output(document: Document, format_: str) -> str:
    if format_ != "text":
        return rendered(document, format_)
    return "".join(f"{page.text}\n\f" if page.text else "\f" for page in document.pages)


def _run(*, code: int, stdout: str, stderr: str) -> dict[str, Any]:
    return {"data": {"exit": {"code": code, "signal": None}, "stdout": stdout, "stderr": stderr}}


def _answer(error: OcrServerError) -> Response:
    if isinstance(error, LanguageMissing | DocumentError | EngineFailed):
        missing = error.extra.get("missing")
        names = missing[:MOST_NAMED] if isinstance(missing, list) else []
        words = [f"Failed loading language '{name}'" for name in names]  # as Tesseract says it
        run = _run(code=1, stdout="", stderr="\n".join([*words, error.client_message, ""]))
        return refusal(error, json.dumps(run), status=200, media_type="application/json")
    if isinstance(error, RequestError):
        reason, status_ = "Request input validation failed", STATUS[type(error)]
    else:
        reason = "error processing input"
        status_ = STATUS[type(error)] if isinstance(error, QueueFull | Draining) else 500
    body = json.dumps({"error": reason, "reason": f"Error: {error.client_message}"})
    return refusal(error, body, status=status_, media_type="application/json")


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`POST /tesseract`, `GET /status` and health of hertzg/tesseract-server",
    status,
    key=IN_ADDRESS,
)
