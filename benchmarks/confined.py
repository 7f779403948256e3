"""Whether a server in a small container loses text, is killed, or keeps its health waiting.

    python -m benchmarks.confined FOLDER [--memory-mib 512] [--slots 2] [--count 300] [--seed 0]

The server runs in a control group with that limit of memory, and its temporary folder is in memory,
as in `deploy/compose.yaml`; that needs root, and version 1 or 2 of control groups. So many files of
the folder, of whatever kind, are sent by a few more clients than it has slots. Each page that comes
back without text and without a problem is read again, with the same engine, by a server whose
memory is not limited: it is lost if that one finds words. Told is also what the kernel killed, how
long `/livez` took, and how often the server process had to wait for memory of its program to be
read from the disk again. The exit code is 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.load import quantile
from benchmarks.servers import OURS, Answer, Server, our_server, post

CGROUP = Path("/sys/fs/cgroup")
NO_PICTURES = {".txt", ".json", ".csv", ".md", ".py", ".xml", ".html"}
SPARE_CLIENTS = 2
TEMP_MIB = 256
MOST_LIVE_MS = 250
PROBE_INTERVAL_S = 0.05
MEANT = {200, 413, 415, 422, 503, 504}  # whatever comes; 500 is a fault of the program
MIB = 1024 * 1024
# Enters the control group, sees it as its own, and has its temporary folder in memory.
CONFINE = """
set -e
echo $$ > "$1/cgroup.procs"
mount --bind "$1" "$2"
mount -t tmpfs -o "size=$3m" tmpfs "$OCR_TEMP_DIR"
shift 3
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers by file, seconds that `/livez` took, and what became of memory and processes."""

    answers: Mapping[Path, Answer]
    live_s: Sequence[float]
    peak_mib: int
    kills: int
    disk_faults: int


class Group:
    """A control group with a limit of memory, of version 2 or 1."""

    def __init__(self, memory_mib: int) -> None:
        """Make the group.

        Raises:
            OSError: not root, or no control groups for memory.
        """
        is_second = (CGROUP / "cgroup.controllers").exists()
        self.root = CGROUP if is_second else CGROUP / "memory"
        self.path = self.root / f"ocr-confined-{memory_mib}"
        self.path.mkdir()
        limit = "memory.max" if is_second else "memory.limit_in_bytes"
        (self.path / limit).write_text(str(memory_mib * MIB))
        self._events = self.path / ("memory.events" if is_second else "memory.oom_control")
        self._peak = self.path / ("memory.peak" if is_second else "memory.max_usage_in_bytes")

    @property
    def kills(self) -> int:
        """How many processes the kernel has killed in it."""
        words = self._events.read_text().split()
        return int(dict(zip(words[::2], words[1::2], strict=True))["oom_kill"])

    @property
    def peak_mib(self) -> int:
        """The most memory it has had."""
        return int(self._peak.read_text()) // MIB


@contextmanager
def confined_server(memory_mib: int, slots: int) -> Iterator[tuple[Server, Group]]:
    """This server in a control group, for the length of a with-block."""
    group = Group(memory_mib)
    enter = ["unshare", "--mount", "sh", "-c", CONFINE, "sh", group.path, group.root, TEMP_MIB]
    try:
        start = [*map(str, enter), *OURS]
        with our_server("auto", start=start, OCR_SLOTS=str(slots)) as server:
            yield server, group
    finally:
        group.path.rmdir()


def read_files(files: Sequence[Path], *, memory_mib: int, slots: int) -> Outcome:
    """Send the files to a server in a control group, and watch it."""
    over = threading.Event()
    with (
        confined_server(memory_mib, slots) as (server, group),
        ThreadPoolExecutor(slots + SPARE_CLIENTS + 1) as threads,
    ):
        probe = threads.submit(_probe, server, over)
        try:
            answers = dict(zip(files, threads.map(partial(_ask, server), files), strict=True))
        finally:
            over.set()
        disk_faults = _disk_faults(server)
        return Outcome(answers, probe.result(), group.peak_mib, group.kills, disk_faults)


def lost_pages(outcome: Outcome, blank: Mapping[Path, set[int]]) -> Iterator[str]:
    """Of the blank pages, those that have text where memory is not limited, in words."""
    with our_server(_engine_of(outcome), OCR_SLOTS="1") as server:
        for file, pages in blank.items():
            if lost := pages - _blank(_ask(server, file)):
                yield f"{file}: no text on pages {sorted(lost)}"


def faults_of(outcome: Outcome, lost: Sequence[str]) -> list[str]:
    """What is not as it should be, in words; none if all is well."""
    faults = [*lost]
    if outcome.kills:
        faults.append(f"the kernel killed {outcome.kills} processes")
    if max(outcome.live_s) * 1000 > MOST_LIVE_MS:
        faults.append(f"/livez took more than {MOST_LIVE_MS} ms")
    failed = [file for file, answer in outcome.answers.items() if answer.status not in MEANT]
    return [*faults, *(f"{file}: {outcome.answers[file].status}" for file in failed)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--memory-mib", type=int, default=512)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    found = [path for path in sorted(asked.folder.rglob("*")) if path.is_file()]
    files = [path for path in found if path.suffix not in NO_PICTURES]
    files = random.Random(asked.seed).sample(files, min(asked.count, len(files)))  # noqa: S311
    begun = time.monotonic()
    outcome = read_files(files, memory_mib=asked.memory_mib, slots=asked.slots)
    took_s = time.monotonic() - begun
    kinds = Counter(map(_kind, outcome.answers.values()))
    live_ms = [1000 * one_s for one_s in outcome.live_s]
    blank = {file: pages for file, answer in outcome.answers.items() if (pages := _blank(answer))}
    lost = list(lost_pages(outcome, blank))
    print(
        f"{len(files)} files in {took_s:.0f} s: "
        f"{', '.join(f'{count} × {kind}' for kind, count in kinds.most_common())}\n"
        f"blank pages without a problem: {sum(map(len, blank.values()))}; with text where memory "
        f"is not limited: in {len(lost)} files\n"
        f"killed by the kernel: {outcome.kills}; most memory {outcome.peak_mib} of "
        f"{asked.memory_mib} MiB; waits of the server for the disk: {outcome.disk_faults}\n"
        f"/livez: {quantile(live_ms, 0.5):.0f} ms, p99 {quantile(live_ms, 0.99):.0f}, longest "
        f"{max(live_ms):.0f} of {MOST_LIVE_MS}, asked {len(live_ms)} times"
    )
    faults = faults_of(outcome, lost)
    print("\n".join(faults) or "All is as it should be.")
    return 1 if faults else 0


def _engine_of(outcome: Outcome) -> str:
    """The engine that read, as the second reader goes where memory is short."""
    read = (answer for answer in outcome.answers.values() if answer.status == http.client.OK)
    name = next((json.loads(answer.body)["engine"]["name"] for answer in read), "")
    return "auto" if "+" in name else "tesseract"


def _kind(answer: Answer) -> str:
    return f"{answer.status} {json.loads(answer.body).get('code', '')}".strip()


def _blank(answer: Answer) -> set[int]:
    """The pages without text that have no other problem."""
    if answer.status != http.client.OK:
        return set()
    body = json.loads(answer.body)
    failed = {problem.get("page") for problem in body["problems"]}
    return {
        page["number"]
        for page in body["pages"]
        if page["number"] not in failed
        and not any(zone.get("text", "").strip() for zone in page["zones"])
        and {problem["code"] for problem in (page["quality"] or {}).get("problems", ())}
        <= {"no-text"}
    }


def _disk_faults(server: Server) -> int:
    """Major page faults of the server process so far: proc(5), /proc/pid/stat, `majflt`."""
    stat = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii", errors="replace")
    return int(stat.rpartition(")")[2].split()[9])


def _ask(server: Server, file: Path) -> Answer:
    """The answer, asked for again as long as the queue is full."""
    while True:
        with closing(server.connect()) as connection:
            answer = post(connection, server.path, file.read_bytes())
        if answer.status != http.client.TOO_MANY_REQUESTS:
            return answer
        time.sleep(answer.retry_after_s)


def _probe(server: Server, over: threading.Event) -> list[float]:
    took_s = []
    with closing(server.connect()) as connection:
        while not over.wait(PROBE_INTERVAL_S):
            begun = time.monotonic()
            connection.request("GET", "/livez")
            connection.getresponse().read()
            took_s.append(time.monotonic() - begun)
    return took_s


if __name__ == "__main__":
    raise SystemExit(main())
