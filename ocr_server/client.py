"""Sending pictures to a server at a URL, or to a `Service` in this process."""

from __future__ import annotations

import json
import re
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TypeAlias

from ocr_server.request.build import build_job
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.auth import HEADER
from ocr_server.web.problems import MEDIA_TYPE

# Takes files and options; returns the answer in the format that the options name.
ReadFiles: TypeAlias = Callable[[Sequence[bytes], Mapping[str, str]], bytes]
PATH = "/v1/documents"
TIMEOUT_S = 700.0  # more than a server's default for OCR_TIMEOUT_S


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirects, which would drop the body and send the key to another address."""

    def redirect_request(self, *_: object) -> None:
        """Return None, so that the redirect is raised as an error."""


open_url = urllib.request.build_opener(_NoRedirects).open


class Refused(Exception):
    """The server refused, or did not answer."""


@contextmanager
def local_server(settings: Settings) -> Iterator[ReadFiles]:
    """Start a service in this process; yield a function that reads files by it.

    The function raises OcrServerError.

    Raises:
        SettingsError: a profile is not understood.
        StorageFull: the temporary folder cannot be written to.
    """
    with closing(Service.start(settings)) as here:

        def read(pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
            with here.scratch.job() as folder:
                sources = tuple(folder.add([picture]) for picture in pictures)
                request = build_job(options, sources, here)
                document = here.read(request.job, threading.Event())
                return here.render(document, request, threading.Event()).read()

        yield read


@contextmanager
def remote_server(url: str, key: str = "") -> Iterator[ReadFiles]:
    """Yield a function that reads files by a server at an address, with an API key if it needs one.

    The function raises Refused if the server answers with an error, or not at all.

    Raises:
        Refused: the address is not http or https, or the key has characters that cannot be sent.
    """
    if not url.startswith(("http://", "https://")):
        raise Refused(f"{url} is not an address; use one such as http://localhost:8080.")
    if key and not re.fullmatch("[!-~]+", key):
        raise Refused("The key cannot be sent: it is one word of letters, digits and signs.")

    def read(pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
        boundary = secrets.token_hex(16)
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked
            url.rstrip("/") + PATH,
            data=_multipart(pictures, options, boundary),
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                **({HEADER: key} if key else {}),
            },
        )
        try:
            with open_url(request, timeout=TIMEOUT_S) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise Refused(f"{url} does not answer: {reason}.") from error

    yield read


def _multipart(pictures: Sequence[bytes], options: Mapping[str, str], boundary: str) -> bytes:
    """Encode options and files as multipart/form-data; all names are plain ASCII.

    Source: RFC 7578.
    """
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{text}\r\n'.encode() for name, text in options.items()]
    for number, picture in enumerate(pictures, 1):
        parts += [f'{head}"file"; filename="{number}"\r\n\r\n'.encode(), picture, b"\r\n"]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()])


def _refusal(error: urllib.error.HTTPError) -> Refused:
    answer = error.read()
    if error.headers.get("Content-Type", "").partition(";")[0] != MEDIA_TYPE:
        return Refused(f"The server answered {error.code}.")
    problem = json.loads(answer)
    return Refused(problem["detail"])
