"""How memory is shared: in a container, the sum of all processes fits its limit.

What does not fit is given up in this order: slots, down to one, then the second reader, then the
detector of languages. What was given up is told at the start, by `/readyz` and by `ocr-server
doctor`.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ocr_server.cgroup import (
    DETECTOR_BYTES,
    LEAST_WORKER_BYTES,
    MIB,
    SERVER_BYTES,
    fits_detector,
    memory_limit_bytes,
)
from ocr_server.engines import ENGINE_CHOICES, new_engine
from ocr_server.engines.engine import Engine
from ocr_server.settings import Settings

SECOND_READER_BYTES = 272 * MIB  # of a worker with both readers; docs/accuracy.md
# Engines whose second reader may go, and what they are then.
WITHOUT_SECOND_READER = {"auto": "tesseract"}
# Of the server process; the second in a container whose memory is limited.
USUAL_GROWTH_BYTES, LIMITED_GROWTH_BYTES = 1024 * MIB, 128 * MIB


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Settings that fit the memory, and a sentence for each thing that was given up for it."""

    settings: Settings
    shortfalls: tuple[str, ...] = ()


def plan_memory(
    settings: Settings, engine: Callable[[str], Engine] = new_engine, limit: int | None = None
) -> MemoryPlan:
    """The settings as they fit the memory of the container; as they are where it has no limit.

    `engine` makes an engine from its key in `ENGINES`. `limit` is the memory in bytes, by default
    that of the container.
    """
    limit = memory_limit_bytes() if limit is None else limit
    if limit is None:
        return MemoryPlan(settings)
    shortfalls = []
    others = SERVER_BYTES + DETECTOR_BYTES
    room, container = limit - others, f"The container has {limit // MIB} MiB"
    has_second = ENGINE_CHOICES[settings.engine].engines(engine)[1] is not None
    least = settings.worker_memory_bytes or (
        SECOND_READER_BYTES if has_second else LEAST_WORKER_BYTES
    )
    slots = max(1, min(settings.slots, room // least))
    if slots < settings.slots:
        shortfalls.append(
            f"{container}, enough for {slots} of {settings.slots} slots of {least // MIB} MiB "
            f"beside {others // MIB} for the server and its detector of languages: as many pages "
            f"are read at a time. Give it {(others + settings.slots * least) // MIB} MiB, or set "
            f"OCR_SLOTS={slots}."
        )
        settings = replace(settings, slots=slots)
    if has_second and room // slots < SECOND_READER_BYTES:
        without = WITHOUT_SECOND_READER.get(settings.engine, settings.engine)
        done = ", which is left out" if without != settings.engine else ""
        shortfalls.append(
            f"{container}, too little for the second reader{done}. Give it "
            f"{(others + SECOND_READER_BYTES) // MIB} MiB, or set OCR_ENGINE=tesseract."
        )
        settings = replace(settings, engine=without)
    if not fits_detector(limit, slots):
        needed = (others + slots * LEAST_WORKER_BYTES) // MIB
        shortfalls.append(
            f"{container}, too little to tell the languages of texts: languages=auto goes by the "
            f"script alone. Give it {needed} MiB."
        )
    alone = limit - SERVER_BYTES
    if alone // slots < LEAST_WORKER_BYTES:
        shortfalls.append(
            f"{container}, which leaves {max(0, alone) // MIB} MiB to read a page with: large ones "
            f"are refused. Give it {(SERVER_BYTES + LEAST_WORKER_BYTES) // MIB} MiB."
        )
    return MemoryPlan(settings, tuple(shortfalls))


def limit_server_memory(settings: Settings) -> None:
    """Limit what this process may take beyond what it holds now, as the last resort.

    A request that would take more ends with `MemoryError`, and the server lives on. Child
    processes may set limits of their own. Source: setrlimit(2), `RLIMIT_DATA`.
    """
    usual = USUAL_GROWTH_BYTES if memory_limit_bytes() is None else LIMITED_GROWTH_BYTES
    held_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    most = held_pages * resource.getpagesize() + (settings.server_memory_bytes or usual)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
