"""Sending pictures to a server at a URL, or to a `Service` in this process."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from ocr_server.request.build import build_job
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.auth import HEADER
from ocr_server.web.problems import MEDIA_TYPE

# Takes files and options; returns the answer in the format that the options name.
ReadFiles: TypeAlias = Callable[[Sequence[bytes], Mapping[str, str]], bytes]
PATH, JOBS_PATH, UPLOADS_PATH = "/v1/documents", "/v1/jobs", "/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE_TYPE = "application/offset+octet-stream"
PIECE_BYTES = 16 * 2**20  # less than a server's default for OCR_MAX_BODY_BYTES
ANSWER_PIECE_BYTES = 256 * 1024
SUBMIT_TRIES, WATCH_TRIES, RETRY_S = 3, 60, 1.0
WAIT_S = 20  # for a change of a job
TIMEOUT_S = 700.0  # more than a server's default for OCR_TIMEOUT_S


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirects, which would drop the body and send the key to another address."""

    def redirect_request(self, *_: object) -> None:
        """Return None, so that the redirect is raised as an error."""


open_url = urllib.request.build_opener(_NoRedirects).open


class Refused(Exception):
    """The server refused, or did not answer; `code` is that of its problem, if it told one."""

    def __init__(self, message: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class Unanswered(Refused):
    """The server did not answer."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a durable job is."""

    state: str
    total: int
    read: int
    failed: int
    is_over: bool  # nothing more will be read


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
    server = RemoteServer(url, key)
    yield lambda pictures, options: server.send(PATH, pictures, options)


class RemoteServer:
    """A server at an address, and its durable jobs.

    All methods raise Refused if it answers with an error, or not at all.
    """

    def __init__(self, url: str, key: str = "") -> None:
        """Ask nothing yet.

        Raises:
            Refused: the address is not http or https, or the key cannot be sent.
        """
        if not url.startswith(("http://", "https://")):
            raise Refused(f"{url} is not an address; use one such as http://localhost:8080.")
        if key and not re.fullmatch("[!-~]+", key):
            raise Refused("The key cannot be sent: it is one word of letters, digits and signs.")
        self._url, self._headers = url.rstrip("/"), {HEADER: key} if key else {}

    def send(self, path: str, pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
        """The answer of a route that takes files and options."""
        boundary = secrets.token_hex(16)
        media_type = f"multipart/form-data; boundary={boundary}"
        body = _multipart(pictures, options, boundary)
        return self._ask("POST", path, body, {"Content-Type": media_type})

    def submit_file(self, file: Path, options: Mapping[str, str], key: str = "") -> str:
        """Make a job of a file, which is sent in pieces if it is large; see `submit`.

        Raises:
            OSError: the file cannot be read.
        """
        if file.stat().st_size > PIECE_BYTES:
            return self.upload(file, options, key)
        return self.submit([file.read_bytes()], options, key)

    def submit(self, pictures: Sequence[bytes], options: Mapping[str, str], key: str = "") -> str:
        """Make a job; its id. What is sent again with a `key` of the caller's is the same job."""
        boundary = secrets.token_hex(16)
        headers = {
            "Idempotency-Key": key or secrets.token_hex(16),
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        body = _multipart(pictures, options, boundary)
        for tries_left in reversed(range(SUBMIT_TRIES)):
            try:
                return str(json.loads(self._ask("POST", JOBS_PATH, body, headers))["id"])
            except Unanswered:
                if not tries_left:
                    raise
                time.sleep(RETRY_S)
        raise AssertionError  # the last try returns or raises

    def upload(self, file: Path, options: Mapping[str, str], key: str = "") -> str:
        """Make a job of a large file, which is sent in pieces; its id.

        After a lost connection it goes on where it was, and with the same `key` after a lost
        caller.
        """
        size_bytes = file.stat().st_size
        query = urllib.parse.urlencode(options)
        creation = {
            **TUS,
            "Upload-Length": str(size_bytes),
            "Idempotency-Key": key or secrets.token_hex(16),
        }
        job = json.loads(self._ask("POST", f"{UPLOADS_PATH}?{query}", b"", creation))
        address, unanswered = f"{UPLOADS_PATH}/{job['id']}", 0
        offset = self._offset(address, 0) if key else 0
        with file.open("rb") as opened:
            while offset < size_bytes:
                opened.seek(offset)
                piece = opened.read(PIECE_BYTES)
                headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": PIECE_TYPE}
                try:
                    self._ask("PATCH", address, piece, headers)
                    offset, unanswered = offset + len(piece), 0
                except Unanswered:
                    unanswered += 1
                    if unanswered > WATCH_TRIES:
                        raise
                    time.sleep(RETRY_S)
                    offset = self._offset(address, offset)
        return str(job["id"])

    def watch(self, job_id: str) -> Iterator[JobProgress]:
        """The job after each change, until it has ended."""
        unanswered = 0
        while True:
            try:
                job = json.loads(self._ask("GET", f"{JOBS_PATH}/{job_id}?wait_s={WAIT_S}"))
            except Unanswered:  # the server may be starting again
                unanswered += 1
                if unanswered > WATCH_TRIES:
                    raise
                time.sleep(RETRY_S)
                continue
            unanswered = 0
            progress = _progress_of(job)
            yield progress
            if progress.is_over:
                return

    def look(self, job_id: str) -> JobProgress:
        """The job as it is."""
        return _progress_of(json.loads(self._ask("GET", f"{JOBS_PATH}/{job_id}")))

    def fetch(self, job_id: str, options: Mapping[str, str]) -> Iterator[bytes]:
        """The document of a job in pieces, in the format that the options name."""
        query = urllib.parse.urlencode(options)
        with self._open("GET", f"{JOBS_PATH}/{job_id}/document?{query}") as response:
            while piece := response.read(ANSWER_PIECE_BYTES):
                yield piece
            if response.length:  # `read` tells of a lost connection only where it reads all
                raise http.client.IncompleteRead(b"", response.length)

    def cancel(self, job_id: str) -> None:
        """Stop a job and forget it."""
        self._ask("DELETE", f"{JOBS_PATH}/{job_id}")

    def _offset(self, address: str, before: int) -> int:
        """How much of a file the server has; as `before` if it does not answer."""
        with suppress(Unanswered), self._open("HEAD", address, headers=TUS) as response:
            return int(response.headers["Upload-Offset"])
        return before

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        with self._open(method, path, body, headers) as response:
            return bytes(response.read())

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[http.client.HTTPResponse]:
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked
            self._url + path, body, {**self._headers, **headers}, method=method
        )
        try:
            with open_url(request, timeout=TIMEOUT_S) as response:
                yield response
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unanswered(f"{self._url} does not answer: {reason}.") from error


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
    return Refused(problem["detail"], problem["code"])


def _progress_of(job: dict[str, Any]) -> JobProgress:  # of an answer's JSON
    pages = job["pages"]
    is_over = job["expires_at"] is not None
    return JobProgress(job["state"], pages["total"], pages["read"], pages["failed"], is_over)
