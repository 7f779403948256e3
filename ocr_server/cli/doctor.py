"""`ocr-server doctor`: checks settings, folder, engine, languages, workers and a sample."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ocr_server.cgroup import MIB
from ocr_server.engines import describe_choice
from ocr_server.errors import OcrServerError
from ocr_server.request.build import build_job, check_installed
from ocr_server.runtime.watchdog import SAMPLE, draw_sample
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.auth import read_key_digests

LEAST_FREE_BYTES = 256 * 2**20  # two pages of 64 megapixels and some


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, as a sentence."""

    is_good: bool
    words: str


def examine() -> Iterator[Finding]:
    """Check settings, folder, engine, languages and a sample; stop at what prevents the rest."""
    try:
        settings = Settings.from_environment()
        read_key_digests(settings)  # the sample is read without a key
        yield Finding(is_good=True, words="The settings are understood.")
        yield _folder(settings)
        engine = describe_choice(settings.engine)
        yield Finding(is_good=True, words=f"{engine.name} {engine.version} is there.")
        check_installed(settings.languages, engine)
        yield Finding(is_good=True, words=f"Languages: {', '.join(engine.languages)}.")
        yield _camera(settings)
        with closing(Service.start(settings)) as here:
            yield from _memory(here)
            yield _network(here)
            yield _sample(here)
    except OcrServerError as error:
        yield Finding(is_good=False, words=error.message)


def _folder(settings: Settings) -> Finding:
    folder = Path(settings.temp_dir or tempfile.gettempdir())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"written")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or "it cannot be used"
        return Finding(
            is_good=False,
            words=f"{folder} cannot be written to ({reason}). Set OCR_TEMP_DIR to another folder.",
        )
    if free < LEAST_FREE_BYTES:
        return Finding(
            is_good=False,
            words=f"{folder} has {free // 2**20} MiB left and {LEAST_FREE_BYTES // 2**20} are "
            "needed. Make room, or set OCR_TEMP_DIR to another folder.",
        )
    return Finding(is_good=True, words=f"{folder} can be written to; {free // 2**20} MiB are free.")


def _camera(settings: Settings) -> Finding:
    if settings.tls_cert:
        return Finding(is_good=True, words="https is served, so cameras work from anywhere.")
    return Finding(
        is_good=True,
        words="Cameras work on this computer (localhost). For others, browsers want https: start "
        "with --tls-cert and --tls-key; docs/pages.md says how to make them.",
    )


def _memory(here: Service) -> Iterator[Finding]:
    for shortfall in here.shortfalls:
        yield Finding(is_good=False, words=shortfall)
    if not here.shortfalls:
        words = (
            f"Each of {here.workers.slots} slots may hold {here.settings.worker_bytes // MIB} MiB."
        )
        yield Finding(is_good=True, words=words)


def _network(here: Service) -> Finding:
    reason = here.workers.open_network
    if not reason:
        return Finding(is_good=True, words="Worker processes have no network.")
    return Finding(
        is_good=True,
        words=f"Worker processes could use the network ({reason}); docs/deployment.md says how "
        "to take it from them otherwise.",
    )


def _sample(here: Service) -> Finding:
    try:
        with here.scratch.job() as folder:
            job = build_job({}, (folder.add([draw_sample()]),), here).job
            document = here.read(job, threading.Event())
    except OcrServerError as error:
        words = f"The sample could not be read. {error.message}"
        return Finding(is_good=False, words=words)
    text = " ".join(document.text.split())
    if text != SAMPLE:
        return Finding(
            is_good=False,
            words=f"The sample says “{SAMPLE}” but was read as “{text}”: a language file may be "
            "damaged, or be for another script.",
        )
    return Finding(is_good=True, words=f"The sample was read: “{text}”.")
