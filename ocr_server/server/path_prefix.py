"""A server below a path: what a proxy in front says of it, and where its pages begin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A path that is written as it is: no dot segments, no escapes, no two slashes in a row, which a
# browser would take for the name of a host.
PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~@:+-]+)+", re.ASCII)


class BelowPath:
    """An application that knows the path below which browsers see it.

    That is `SCRIPT_NAME`, from which Flask makes addresses: as waitress set it from OCR_BASE_PATH,
    or as `X-Forwarded-Prefix` of the trusted proxy says. It stands outside of what replaces the
    proxy's address by the client's.
    """

    def __init__(self, application: WSGIApplication, trusted_proxy: str) -> None:
        self._application, self._trusted_proxy = application, trusted_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        given = environ.pop("HTTP_X_FORWARDED_PREFIX", "").strip().rstrip("/")
        if self._trusted_proxy in {"*", environ["REMOTE_ADDR"]} and PREFIX.fullmatch(given):
            environ["SCRIPT_NAME"] = given
        if not environ["PATH_INFO"] and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            # `/ocr`: addresses relative to it would not be below it, those relative to `/ocr/` are.
            query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
            location = f"{environ['SCRIPT_NAME']}/{query}"
            start_response("308 Permanent Redirect", [("Location", location)])
            return []
        return self._application(environ, start_response)
