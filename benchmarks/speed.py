"""How fast, and how calm under load: this server, the `tesseract` command, and the usual rival.

    python -m benchmarks.speed [FOLDER] [--only NAME…] [--kinds KIND…] [--json FILE] [--plot SVG]

All that is compared runs in one run, turn by turn on the same pictures, so that ratios hold even
where other programs take their share of the machine; seconds and rates are this machine's alone.
CPU seconds are those of whole process trees, memory is their proportional set size. The command
is run with OMP_THREAD_LIMIT=1, which makes it two to three times as fast as it comes; so is the
rival, fifteen lines of Flask and pytesseract (`rival.py`).

Pictures are drawn, alike in every run. For "one picture at a time" and "many clients" those of a
FOLDER stand before them, with `name.gt.txt` beside `name.png` for its text: drawn prose is easier
than what people send.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import calm, pace
from benchmarks.contest import all_servers, contestants
from benchmarks.pictures import SHAPES, Picture, draw_all, pictures_in
from benchmarks.preparation import preparation
from benchmarks.report import Section, as_json, as_markdown, as_svg, targets_of

CLIENTS = (1, 2, 4, 8, 32)


def main() -> int:
    """Measure what was asked for; 1 if a target was missed."""
    asked = _arguments()
    statistics = _measures(asked)
    sections: list[Section] = []
    for name in asked.only or statistics:
        sections.append(statistics[name]())
        print(as_markdown(sections[-1]), flush=True)
    print(as_markdown(targets_of(sections)), _machine(), sep="\n")
    if asked.json:
        asked.json.write_text(as_json(_machine(), sections), encoding="utf-8")
    if asked.plot:
        asked.plot.write_text(_plot(sections), encoding="utf-8")
    return 0 if all(target.is_reached for one in sections for target in one.targets) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="real pictures, beside drawn ones")
    parser.add_argument("--only", nargs="+", choices=NAMES, help="only these tables")
    parser.add_argument("--kinds", nargs="+", choices=SHAPES, help="only these drawn pictures")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contestant gets")
    parser.add_argument("--requests", type=int, default=1000, help="requests to watch memory over")
    parser.add_argument("--clients", nargs="+", type=int, default=CLIENTS, help="how many at once")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--plot", type=Path, help="draw times of single pictures there, as SVG")
    return parser.parse_args()


NAMES = (
    "latency", "throughput", "crops", "frames", "preparation", "overhead", "start", "growth",
    "crowd", "memory", "hang-up",
)  # fmt: skip


def _measures(asked: argparse.Namespace) -> dict[str, Callable[[], Section]]:
    rounds = asked.rounds

    def latency() -> Section:
        kinds = pictures_of(
            asked.folder, asked.kinds or [kind for kind in SHAPES if kind != "frame"]
        )
        with contestants() as readers:
            return pace.latency(readers, kinds, rounds=rounds)

    def throughput() -> Section:
        kinds = pictures_of(asked.folder, asked.kinds or ["page", "receipt"])
        with all_servers() as servers:
            return pace.throughput(servers, kinds, clients=asked.clients, rounds=rounds)

    def crops() -> Section:
        with all_servers() as servers:
            return pace.crops(servers, requests=120, rounds=rounds)

    return {
        "latency": latency,
        "throughput": throughput,
        "crops": crops,
        "frames": lambda: pace.frames(count=50 * rounds),
        "preparation": lambda: preparation(rounds=3 * rounds),
        "overhead": lambda: pace.overhead(rounds=3 * rounds),
        "start": lambda: pace.start(times=rounds),
        "growth": lambda: pace.growth(rounds=rounds),
        "crowd": calm.crowd,
        "memory": lambda: calm.memory(requests=asked.requests),
        "hang-up": calm.hang_up,
    }


def pictures_of(folder: Path | None, kinds: list[str]) -> dict[str, list[Picture]]:
    """Pictures by kind: those of a folder, if any, then drawn ones."""
    real = {folder.name: pictures_in(folder)} if folder else {}
    return real | {kind: draw_all(kind) for kind in kinds}


def _machine() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} processors, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} at the end."
    )


def _plot(sections: list[Section]) -> str:
    """Seconds of single pictures, from the first section that has them."""
    return as_svg("Seconds for one picture, over HTTP for ours", list(_bars(sections)), "s")


def _bars(sections: list[Section]) -> Iterator[tuple[str, str, float]]:
    for section in sections:
        if section.title != "One picture at a time":
            continue
        for kind, who, seconds, *_ in section.rows:
            yield f"{kind}: {who}", str(who), float(seconds or 0)


if __name__ == "__main__":
    sys.exit(main())
