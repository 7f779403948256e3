"""An example of an app beside the server: it takes a picture and answers with its text.

Start it with OCR_URL=http://localhost:8080 python app.py, then: curl --data-binary @scan.jpg
http://localhost:8000
"""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OCR_URL = os.environ.get("OCR_URL", "http://localhost:8080")
TIMEOUT_S = 700.0  # more than the server takes for a request
PORT = int(os.environ.get("PORT", "8000"))


class App(BaseHTTPRequestHandler):
    """Hands a picture on to the server beside it."""

    def do_POST(self) -> None:  # the name that http.server looks for
        """The text of the picture in the body, or what the server said about it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = urllib.request.Request(  # noqa: S310  # the operator's own address
            f"{OCR_URL}/v1/documents?format=text",
            data=body,
            headers={"Content-Type": "application/octet-stream"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                self._answer(200, answer.headers["Content-Type"], answer.read())
        except urllib.error.HTTPError as error:
            self._answer(error.code, error.headers["Content-Type"], error.read())
        except OSError:
            self._answer(502, "text/plain", b"The server beside this app does not answer.\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", PORT), App).serve_forever()
