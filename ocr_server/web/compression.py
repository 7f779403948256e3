"""Scripts and styles travel compressed, so that they can be written to be read."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

TYPES = {"text/css", "text/javascript", "image/svg+xml"}


def init_app(app: Flask) -> None:
    """Compress what is served from `static`, and nothing else."""
    app.after_request(_compress)  # answers may hold secrets, which BREACH would find


def _compress(response: Response) -> Response:
    if request.endpoint != "static" or response.mimetype not in TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    response.set_data(gzip.compress(response.get_data(), mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response
