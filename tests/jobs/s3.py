"""A server that speaks as much of S3 as files of jobs need: put, get, list, delete, multipart.

Source: Amazon S3 API Reference, 2006-03-01 (PutObject, GetObject, ListObjectsV2, DeleteObjects,
CreateMultipartUpload, UploadPart, CompleteMultipartUpload). Signatures are not checked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

MADE = "2026-01-01T00:00:00.000Z"


class Bucket:
    """The objects by name; lists leave out those `unlisted`, and with `is_down` it answers 503."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.unlisted = set[str]()
        self.parts: dict[str, dict[int, bytes]] = {}
        self.is_down = False
        self.requests = list[str]()
        self.port = 0

    @property
    def environment(self) -> dict[str, str]:
        """What a client has to know."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
        }


@contextmanager
def s3() -> Iterator[Bucket]:
    """A bucket, while the block runs."""
    bucket = Bucket()

    class Handler(_Handler):
        kept = bucket

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    kept: Bucket
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        name = unquote(parts.path).lstrip("/").partition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.kept.requests.append(f"{self.command} {name}")
        if self.kept.is_down:
            self._answer(503)
        elif self.command == "GET" and "list-type" in query:
            self._list(query["prefix"][0] if "prefix" in query else "", "delimiter" in query)
        elif self.command == "POST" and "delete" in query:
            named = [key.text or "" for key in ElementTree.fromstring(body).iter()  # noqa: S314
                     if key.tag.endswith("Key")]  # fmt: skip
            for key in named:
                self.kept.objects.pop(key, None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in named)
            self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())
        elif self.command == "POST" and "uploads" in query:
            self.kept.parts[name] = {}
            self._answer(200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId>"
                              b"</InitiateMultipartUploadResult>")  # fmt: skip
        elif self.command == "PUT" and "partNumber" in query:
            self.kept.parts[name][int(query["partNumber"][0])] = body
            self._answer(200)
        elif self.command == "POST":
            parts_of = self.kept.parts.pop(name)
            self.kept.objects[name] = b"".join(parts_of[number] for number in sorted(parts_of))
            self._answer(200, b"<CompleteMultipartUploadResult><ETag>1</ETag>"
                              b"</CompleteMultipartUploadResult>")  # fmt: skip
        elif self.command == "PUT":
            if self.headers.get("If-None-Match") == "*" and name in self.kept.objects:
                self._answer(412)
                return
            self.kept.objects[name] = body
            self._answer(200)
        elif name in self.kept.objects and (asked := self.headers.get("Range")):
            first, last = map(int, asked.removeprefix("bytes=").split("-"))
            content = self.kept.objects[name]
            told = f"bytes {first}-{last}/{len(content)}"
            self._answer(206, content[first : last + 1], {"Content-Range": told})
        elif name in self.kept.objects:
            self._answer(200, self.kept.objects[name])
        else:
            self._answer(404)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815

    def _list(self, prefix: str, is_flat: bool) -> None:
        listed = self.kept.objects.keys() - self.kept.unlisted
        names = sorted(name for name in listed if name.startswith(prefix))
        folders = dict.fromkeys(
            prefix + name[len(prefix) :].partition("/")[0] + "/"
            for name in names
            if is_flat and "/" in name[len(prefix) :]
        )
        if is_flat:
            names = [name for name in names if "/" not in name[len(prefix) :]]
        contents = "".join(
            f"<Contents><Key>{name}</Key><LastModified>{MADE}</LastModified><ETag>1</ETag>"
            f"<Size>{len(self.kept.objects[name])}</Size></Contents>"
            for name in names
        )
        prefixes = "".join(
            f"<CommonPrefixes><Prefix>{one}</Prefix></CommonPrefixes>" for one in folders
        )
        self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{prefixes}"
                          "</ListBucketResult>".encode())  # fmt: skip

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""
