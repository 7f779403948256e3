"""Sending pictures to a server, or to the application in this process, with the same request."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, TypeAlias

from werkzeug.test import EnvironBuilder, run_wsgi_app

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.auth import HEADER
from ocr_server.web.problems import MEDIA_TYPE
from ocr_server.web.service import Service, service_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Post: TypeAlias = Callable[[Sequence[bytes], Mapping[str, str]], bytes]
PATH = "/v1/documents"
TIMEOUT_S = 700.0  # more than a server takes for a request, unless its operator says otherwise


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Followed, a redirect would drop the body, and take the key to whoever it names."""

    def redirect_request(self, *_: object) -> None:
        """Nothing: the redirect itself is the answer."""


open_url = urllib.request.build_opener(_NoRedirects).open


class Refused(Exception):
    """The server said no, or nothing; the message is its own, and so is `code` where it has one."""

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def local_server(settings: Settings) -> Iterator[Post]:
    """The application in this process, for the length of a with-block."""
    with local_application(settings) as (_, post):
        yield post


@contextmanager
def local_application(settings: Settings) -> Iterator[tuple[Service, Post]]:
    """The same, with what it consists of; it asks for no key, as nobody else can reach it."""
    app = create_app(replace(settings, api_keys=(), api_keys_file=""))

    def post(pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
        pieces, status, headers = run_wsgi_app(app, _request(pictures, options), buffered=True)
        answer = b"".join(pieces)
        return _checked(answer, int(status.split()[0]), headers.get("Content-Type", ""))

    here = service_of(app)
    try:
        yield here, post
    finally:
        here.close()


@contextmanager
def remote_server(url: str, key: str = "") -> Iterator[Post]:
    """A server somewhere else, and the key that it wants, if any.

    Raises:
        Refused: the address is not one of the web, or the key cannot be one.
    """
    if not url.startswith(("http://", "https://")):
        raise Refused(f"{url} is not an address; use one such as http://localhost:8080.")
    if key and not re.fullmatch("[!-~]+", key):
        raise Refused("The key cannot be sent: it is one word of letters, digits and signs.")

    def post(pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
        sent = _request(pictures, options)
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked
            url.rstrip("/") + PATH,
            data=sent["wsgi.input"].read(),
            headers={"Content-Type": sent["CONTENT_TYPE"], **({HEADER: key} if key else {})},
        )
        try:
            with open_url(request, timeout=TIMEOUT_S) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            return _checked(error.read(), error.code, error.headers.get("Content-Type", ""))
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise Refused(f"{url} does not answer: {reason}.", code="unreachable") from error

    yield post


def _request(pictures: Sequence[bytes], options: Mapping[str, str]) -> WSGIEnvironment:
    files = [(BytesIO(picture), f"{number}") for number, picture in enumerate(pictures, 1)]
    return EnvironBuilder(path=PATH, method="POST", data={**options, "file": files}).get_environ()


def _checked(answer: bytes, status: int, content_type: str) -> bytes:
    if status < 300:
        return answer
    if content_type.partition(";")[0] != MEDIA_TYPE:
        raise Refused(f"The server answered {status}.")
    problem = json.loads(answer)
    raise Refused(f"{problem['title']}. {problem['detail']}", code=problem["code"])
