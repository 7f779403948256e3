"""Whether broken files are answered as they are meant to be, and leave nothing behind.

    python -m benchmarks.mutations [FOLDER] [--count 1500] [--seed 1]

Files of all kinds that are read, drawn here and those of a folder, are mutated: bytes are changed,
cut out, doubled and blanked, numbers are made extreme, ends are cut off. Most are sent as frames,
as that goes quickest, the others as documents. Told are the answers by status and code, the slowest
one, and what the server holds in the end, and held after the first tenth. The exit code is 1 if an
answer is none that is meant, or anything is left.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import docx
from PIL import Image

from benchmarks.faults import MIB, faults_of, look_at, settle
from benchmarks.pictures import draw
from benchmarks.servers import Server, our_server, post

SLOTS, CLIENTS = 2, 3
SETTINGS = {"OCR_SLOTS": str(SLOTS), "OCR_PAGE_TIMEOUT_S": "30"}
SHARE_OF_FRAMES = 0.8
MOST_SEED_BYTES = 2_000_000
MOST_MUTATIONS, MOST_RUN_BYTES = 4, 64
# No 503: no broken file is a fault of the server, or worth to be sent again.
MEANT = frozenset({200, 400, 413, 415, 422, 504})
SAVED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}),
    ("WEBP", {"lossless": True}), ("GIF", {}), ("BMP", {}), ("PPM", {}), ("AVIF", {}), ("PDF", {}),
    ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"}),
    ("TIFF", {"compression": "tiff_deflate"}),
)  # fmt: skip
HEIC = Path(__file__).parents[1] / "tests" / "data" / "text.heic"
EXTREMES = tuple(
    bytes.fromhex(number) for number in ("00000000", "ffffffff", "7fffffff", "80000000")
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came for a mutated file: the number of the mutation, its seed file, and the answer."""

    number: int
    name: str
    path: str
    status: int
    code: str
    took_s: float


def drawn() -> dict[str, bytes]:
    """A picture of words in every kind of file, and an office file, by name."""
    with Image.open(io.BytesIO(draw("frame").data)) as picture:
        picture.load()
    files = {"heic": HEIC.read_bytes()}
    for number, (kind, options) in enumerate(SAVED):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        files[f"{kind.lower()} {number}"] = file.getvalue()
    bilevel = io.BytesIO()
    picture.convert("1").save(bilevel, "TIFF", compression="group4")
    letter = docx.Document()
    letter.add_paragraph("Dear reader")
    file = io.BytesIO()
    letter.save(file)
    return {**files, "fax": bilevel.getvalue(), "docx": file.getvalue()}


def found_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder that are not too large, by their paths."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files if path.stat().st_size < MOST_SEED_BYTES}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes, changed in one to four places, most of them near the beginning."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, MOST_MUTATIONS)):
        if not changed:
            break
        start = int(len(changed) * chance.random() ** chance.choice((1, 3)))
        end = start + chance.randint(1, MOST_RUN_BYTES)
        run = changed[start:end]
        match chance.randrange(7):
            case 0:
                changed[start] ^= 1 << chance.randrange(8)
            case 1:
                changed[start:end] = chance.randbytes(len(run))
            case 2:
                changed[start:end] = chance.choice((b"\0", b"\xff")) * len(run)
            case 3:
                del changed[start:end]
            case 4:
                changed[start:start] = run * chance.randint(1, 50)
            case 5:
                changed[start : start + 4] = chance.choice(EXTREMES)
            case _:
                del changed[max(start, len(changed) // 2) :]
    return bytes(changed)


def ask(server: Server, files: Mapping[str, bytes], seed: int, number: int) -> Answered:
    """Send the mutation of that number."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  # drawn, not secret
    name = chance.choice(sorted(files))
    data = mutated(files[name], chance)
    is_frame = chance.random() < SHARE_OF_FRAMES
    path = "/v1/frames?detail=page" if is_frame else server.path
    begun = time.monotonic()
    with closing(server.connect()) as connection:
        while (answer := post(connection, path, data)).status == http.client.TOO_MANY_REQUESTS:
            time.sleep(answer.retry_after_s)
    code = "" if answer.status == 200 else str(json.loads(answer.body).get("code"))
    return Answered(number, name, path, answer.status, code, time.monotonic() - begun)


def main(arguments: Sequence[str] | None = None) -> int:
    """Mutate, send, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    files = {**drawn(), **(found_in(asked.folder) if asked.folder else {})}
    with our_server("pytesseract", **SETTINGS) as server, ThreadPoolExecutor(CLIENTS) as threads:
        ask_one, begun = partial(ask, server, files, asked.seed), time.monotonic()
        first = asked.count // 10  # after which everything is loaded that broken files need
        answers = [*threads.map(ask_one, range(first))]
        settle(server)
        before = look_at(server)
        answers += threads.map(ask_one, range(first, asked.count))
        took_s = time.monotonic() - begun
        settle(server)
        after = look_at(server)
    kinds = Counter(f"{answer.status} {answer.code}".strip() for answer in answers)
    slowest = max(answers, key=lambda answer: answer.took_s)
    print(
        f"{len(answers)} mutations of {len(files)} files in {took_s:.0f} s, --seed {asked.seed}: "
        f"{', '.join(f'{count} × {kind}' for kind, count in kinds.most_common())}\n"
        f"slowest {slowest.took_s:.1f} s: number {slowest.number}, {slowest.name}\n"
        f"memory of the server {before.server_bytes // MIB} MiB, {after.server_bytes // MIB} in "
        f"the end; open files {before.open_files}, {after.open_files}; files left "
        f"{after.files_left}"
    )
    for answer in answers:
        if answer.status not in MEANT or answer.code == "ends-process":
            print(f"number {answer.number}, {answer.name}: {answer.status} {answer.code}")
    statuses = Counter(answer.status for answer in answers)
    # Of worker processes it is bounded, and depends on the last files that they read.
    before = replace(before, memory_bytes=after.memory_bytes)
    faults = faults_of(before, after, statuses, meant=MEANT)
    print("\n".join(faults) or "All is as it should be.")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
