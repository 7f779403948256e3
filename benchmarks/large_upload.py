"""Whether a file of gigabytes gets into a job, piece by piece, through lost connections and kills.

    python -m benchmarks.large_upload [--gigabytes 3] [--jobs postgresql://…]

A TIFF of pages of 3 MB is sent by tus. Every eighth piece is cut off in the middle, and after each
third of the file the server is killed with all its processes and started again. Told are how long
it took, the most memory of the server process, and whether what is kept is what was sent, two pages
of which are read.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from hashlib import file_digest
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.job_place import MIB, Place, ended, kill, look, weighed
from benchmarks.pictures import draw
from benchmarks.servers import Server, memory_bytes

PIECE_BYTES = 16 * MIB
SIDE_PX = 1750  # of a page: 3 MB without compression
CUT_EVERY, THIRDS = 8, 3
TUS = {"Tus-Resumable": "1.0.0"}


def write_tiff(path: Path, size_bytes: int) -> None:
    """A TIFF of about that size, of drawn pages without compression."""
    drawn = Image.open(BytesIO(draw("receipt", seed=1).data)).resize((SIDE_PX, SIDE_PX))
    rest = (drawn for _ in range(size_bytes // SIDE_PX**2 - 1))
    drawn.save(path, "TIFF", save_all=True, append_images=rest, dpi=(300, 300))


class Upload:
    """A file on its way to a job; `server` may change."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server, self.path = server, path
        self.size_bytes = path.stat().st_size
        length = {"Upload-Length": str(self.size_bytes)}
        created = self._ask("POST", "/v1/uploads?pages=1-2", length)
        if created.status != http.client.CREATED:
            raise SystemExit(created.read().decode())
        self.address = created.headers["Location"]

    @property
    def offset(self) -> int:
        """How much of it is there."""
        return int(self._ask("HEAD", self.address, {}).headers["Upload-Offset"])

    def send(self, offset: int, *, is_cut: bool = False) -> None:
        """Send the piece at `offset`, or half of it, and hang up."""
        with self.path.open("rb") as file:
            file.seek(offset)
            piece = file.read(PIECE_BYTES)
        if not is_cut:
            self._ask("PATCH", self.address, {"Upload-Offset": str(offset)}, piece)
            return
        head = f"PATCH {self.address} HTTP/1.1\r\nHost: localhost\r\nUpload-Offset: {offset}\r\n"
        head += f"Tus-Resumable: 1.0.0\r\nContent-Length: {len(piece)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(head.encode() + piece[: len(piece) // 2])

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        with closing(self.server.connect()) as connection:
            connection.request(method, path, body, {**TUS, **headers})
            response = connection.getresponse()
            response.read()
            return response


def measure(place: Place, gigabytes: float) -> None:
    """Send a file, and print what that took."""
    path = place.files.parent / "large.tif"
    write_tiff(path, round(gigabytes * 1e9))
    kills = cuts = pieces = 0
    most_bytes = 0
    begun_s = time.monotonic()
    with ExitStack() as stack:
        server = stack.enter_context(place.start(OCR_JOBS_SLOTS="1"))
        idle_bytes = memory_bytes(server.process)
        upload = Upload(server, path)
        while (offset := upload.offset) < upload.size_bytes:
            pieces += 1
            with weighed(server) as peaks:
                upload.send(offset, is_cut=pieces % CUT_EVERY == 0)
            cuts += pieces % CUT_EVERY == 0
            most_bytes = max(most_bytes, peaks.get(server.process.pid, 0))
            if kills + 1 < THIRDS and offset > (kills + 1) * upload.size_bytes / THIRDS:
                kill(server)
                kills += 1
                upload.server = server = stack.enter_context(place.start(OCR_JOBS_SLOTS="1"))
        sent_s = time.monotonic() - begun_s
        job_id = upload.address.rpartition("/")[2]
        status = ended(server, job_id)
        kept = place.files / job_id / "input" / "0"
        is_whole = _digest(kept) == _digest(path)
        page = look(server, f"/v1/jobs/{job_id}/pages/2")["page"]
    read, text = status["pages"]["read"], page["text"]
    print(f"upload: {upload.size_bytes / 1e9:.1f} GB in {pieces} pieces, {cuts} cut off, {kills} "
          f"kills, {sent_s:.0f} s; server process {most_bytes / MIB:.0f} MiB "
          f"({(most_bytes - idle_bytes) / MIB:+.0f}); kept as it was sent: {is_whole}; "
          f"{read} pages read, the second begins {text[:20]!r}")  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--jobs", default="", help="address of a PostgreSQL database")
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        measure(Place(Path(folder), parsed.jobs), parsed.gigabytes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
