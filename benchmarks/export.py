"""What a long document costs: memory and time of a server that reads and exports a scanned PDF.

    python -m benchmarks.export [--pages 50] [--format pdf|text|…|ndjson] [--slots 1]

A PDF of scanned pages (A4 at 200 dpi, grey JPEG, some 2,000 letters a page) is sent to a server
started for the purpose, once with a single page to warm it up. Memory is the proportional set size
of the server and all its processes, Tesseract's included, sampled ten times a second. The stream
(ndjson) sends each page as it is ready: "first s" is when the first came.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pikepdf
import psutil
from PIL import Image, ImageDraw, ImageFont

from benchmarks.servers import memory_bytes

MIB = 1024 * 1024
DPI, A4_PX = 200, (1654, 2339)
LINES, WORDS = 45, 9
PORT = 18_080
VOCABULARY = "page memory export letter paper reader server margin window number"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--format", default="pdf")
    parser.add_argument("--slots", type=int, default=1)
    asked = parser.parse_args()
    with _server(asked.slots) as server:
        send(scanned_pdf(1), asked.format)
        with Memory(server.pid) as idle:
            time.sleep(1)
        document = scanned_pdf(asked.pages)
        begun = time.perf_counter()
        with Memory(server.pid) as busy:
            size_bytes, first_s = send(document, asked.format)
        duration_s = time.perf_counter() - begun
    print(f"{'pages':>6} {'slots':>6} {'in MB':>8} {'out MB':>8} {'first s':>8} {'all s':>8} "
          f"{'idle MB':>8} {'peak MB':>8} {'over MB':>8}")  # fmt: skip
    print(f"{asked.pages:6} {asked.slots:6} {len(document) / MIB:8.1f} {size_bytes / MIB:8.1f} "
          f"{first_s:8.1f} {duration_s:8.1f} {idle.peak / MIB:8.0f} {busy.peak / MIB:8.0f} "
          f"{(busy.peak - idle.peak) / MIB:8.0f}")  # fmt: skip


def scanned_pdf(pages: int) -> bytes:
    """A PDF of scanned pages, each with other words."""
    font = ImageFont.load_default(28)
    pdf = pikepdf.new()
    words = VOCABULARY.split()
    for number in range(pages):
        picture = Image.new("L", A4_PX, 255)
        draw = ImageDraw.Draw(picture)
        for row in range(LINES):
            line = " ".join(words[(number + row * i + i) % len(words)] for i in range(WORDS))
            draw.text((150, 150 + 45 * row), f"{number + 1} {line}", fill=0, font=font)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=80)
        size_pt = round(A4_PX[0] * 72 / DPI), round(A4_PX[1] * 72 / DPI)
        page = pdf.add_blank_page(page_size=size_pt)
        image = pdf.make_stream(
            file.getvalue(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image,
            Width=A4_PX[0], Height=A4_PX[1], BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceGray, Filter=pikepdf.Name.DCTDecode,
        )  # fmt: skip
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Picture=image))
        drawn = f"{size_pt[0]} 0 0 {size_pt[1]} 0 0 cm /Picture Do"
        page.obj.Contents = pdf.make_stream(drawn.encode("ascii"))
    result = io.BytesIO()
    pdf.save(result)
    return result.getvalue()


def send(document: bytes, format_name: str) -> tuple[int, float]:
    """Have the server read a document; the bytes of its answer, and when a page of it came."""
    url, headers = f"http://127.0.0.1:{PORT}/v1/documents", {"Content-Type": "application/pdf"}
    if format_name == "ndjson":
        headers["Accept"] = "application/x-ndjson"
    else:
        url += f"?format={format_name}"
    begun = time.perf_counter()
    size_bytes, first_s = 0, 0.0
    request = urllib.request.Request(url, data=document, headers=headers)  # noqa: S310  # our own
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        while piece := answer.read1(MIB):
            size_bytes += len(piece)
            if not first_s and (format_name != "ndjson" or b'"event": "page"' in piece):
                first_s = time.perf_counter() - begun
    return size_bytes, first_s


@dataclass
class Memory:
    """The most that a process and its children held during a with-block."""

    pid: int
    peak: int = 0
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Memory:
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            server = psutil.Process(self.pid)
            held = 0
            for process in (server, *server.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    held += memory_bytes(process)
            self.peak = max(self.peak, held)


@contextmanager
def _server(slots: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "OCR_PORT": str(PORT),
        "OCR_SLOTS": str(slots),
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "ocr_server", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            _await_ready()
            yield server
        finally:
            server.terminate()


def _await_ready() -> None:
    for _ in range(300):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz"):
            return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


if __name__ == "__main__":
    main()
