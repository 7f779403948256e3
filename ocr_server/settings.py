"""The settings of the operator, read once from environment variables.

Each member of `Settings` is a variable with the prefix `OCR_`; the table in docs/settings.md is
made from them.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, get_type_hints

from ocr_server.bounds import Bounds, with_closest
from ocr_server.cgroup import (
    MIB,
    TINIEST_WORKER_BYTES,
    usable_processors,
    worker_share_bytes,
)
from ocr_server.errors import SettingsError

PREFIX = "OCR_"
# What Kubernetes tells every pod of a Service whose name begins with `ocr`, and Docker every
# container that is linked to one: names, and the values without which they are misspelt settings.
SERVICE_LINKS = tuple(
    (re.compile(rf"{PREFIX}(?:\w+_)?{name}"), re.compile(value))
    for name, value in (
        ("SERVICE_HOST", r"[\da-fA-F.:]+"),
        (r"SERVICE_PORT(?:_\w+)?", r"\d+"),
        (r"PORT(?:_\d+_(?:TCP|UDP|SCTP))?", r"(?:tcp|udp|sctp)://\S+"),
        (r"PORT_\d+_(?:TCP|UDP|SCTP)_PROTO", "tcp|udp|sctp"),
        (r"PORT_\d+_(?:TCP|UDP|SCTP)_PORT", r"\d+"),
        (r"PORT_\d+_(?:TCP|UDP|SCTP)_ADDR", r"[\da-fA-F.:]+"),
        ("NAME", r"/[^/\s]+/[^/\s]+"),
    )
)
# Each has a module in `web.compat`.
ADAPTER_NAMES = (
    "azure-document-intelligence",
    "azure-vision",
    "base64",
    "docling",
    "google-vision",
    "liteparse",
    "mistral",
    "ocr-space",
    "ocrserver",
    "ollama",
    "open-webui",
    "openai",
    "tesseract-server",
    "textract",
    "tika",
    "unstructured",
)
ALL_ADAPTERS = "all"
# The keys of `engines.ENGINE_CHOICES`, each with a remark for the documentation.
ENGINE_MEANINGS = {
    "auto": "the best of what is installed: Tesseract, and `rapidocr` where Tesseract is in doubt",
    "tesseract": "`tesserocr` where it is installed, else `pytesseract`",
    "pytesseract": "a process for each recognition",
    "tesserocr": "models kept loaded",
    "rapidocr": "",
    "best": "as `auto`, but never without `rapidocr`",
}


def _setting(
    default: float | str | tuple[str, ...],
    meaning: str,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    or_zero: bool = False,
    choices: tuple[str, ...] = (),
    pattern: str = ".*",
    shown: str | None = None,
    is_secret: bool = False,
) -> Any:  # noqa: ANN401  # as dataclasses.field is typed
    metadata = {
        "meaning": meaning, "choices": choices, "pattern": pattern, "shown": shown,
        "is_secret": is_secret,
        "bounds": Bounds(least, most, is_whole=isinstance(default, int), or_zero=or_zero),
    }  # fmt: skip
    return field(default=default, metadata=metadata, repr=not is_secret)


def _listed_with_meanings(meanings: Mapping[str, str]) -> str:
    *most, last = (
        f"`{name}`, {meaning}" if meaning else f"`{name}`" for name, meaning in meanings.items()
    )
    return f"{', '.join(most)}, or {last}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server."""

    host: str = _setting("127.0.0.1", "address to listen on (`0.0.0.0` in the image)")
    port: int = _setting(8080, "port to listen on; 0 takes a free one", least=0, most=65535)
    hosts: tuple[str, ...] = _setting(
        (),
        "host names under which the server is reached, joined by commas, or `*` for any; "
        "addresses, `localhost` and the names of the machine always are",
        pattern=r"\*|[\w.-]+",
        shown="any, or no others where it listens on loopback",
    )
    max_connections_per_address: int = _setting(
        64,
        "connections that may be open from one address (from one /64 network with IPv6); 0 means "
        "any number, as for loopback and `OCR_TRUSTED_PROXY`",
        least=0,
    )
    tls_cert: str = _setting("", "PEM file of a certificate; with it and its key, https is served")
    tls_key: str = _setting("", "PEM file of the certificate's key")
    engine: str = _setting(
        "auto",
        f"engine that reads: {_listed_with_meanings(ENGINE_MEANINGS)}",
        choices=tuple(ENGINE_MEANINGS),
    )
    languages: tuple[str, ...] = _setting(
        ("eng",),
        "languages read when a request names none, such as `eng+deu`; `auto` finds that of each "
        "page, `auto+deu` tries German first",
        pattern=r"[\w/]+",
    )
    slots: int = _setting(
        usable_processors(),
        "pages read at the same time, one worker process each",
        least=1,
        shown="the processors, or the container’s quota of them",
    )
    queue_size: int = _setting(
        0, "requests that may wait for a slot; 0 means four for each slot", least=0
    )
    page_timeout_s: float = _setting(60.0, "seconds a page may take", least=0.1)
    timeout_s: float = _setting(600.0, "seconds a request may take", least=0.1)
    max_body_bytes: int = _setting(50 * MIB, "bytes a request may have", least=1024)
    max_pixels: int = _setting(64_000_000, "pixels a page may have", least=1)
    max_pages: int = _setting(200, "pages a document may have", least=1)
    max_words: int = _setting(20_000, "words a page may have", least=1)
    max_answer_bytes: int = _setting(512 * MIB, "bytes an answer may have", least=1024)
    worker_memory_bytes: int = _setting(
        0,
        "bytes of data a worker process may hold; 0 means a gigabyte, or a slot's share of the "
        "container's memory if that is less",
        least=TINIEST_WORKER_BYTES,
        or_zero=True,
    )
    server_memory_bytes: int = _setting(
        0,
        "bytes of data the server process may take beyond what it holds at its start; 0 means a "
        "gigabyte, or 128 MiB in a container whose memory is limited",
        least=32 * MIB,
        or_zero=True,
    )
    watchdog_s: float = _setting(
        60.0,
        "seconds without a page read after which a built-in picture is read, to see that the "
        "server still can; 0 means never",
        least=0.1,
        or_zero=True,
    )
    pdf_dpi: int = _setting(300, "dots per inch at which PDF pages are drawn", least=50)
    temp_dir: str = _setting(
        "", "folder for the pictures being read", shown="the system's temporary folder"
    )
    store_bytes: int = _setting(
        64 * MIB,
        "bytes of answers that are kept for ten minutes, to be fetched, for clients that ask so; "
        "the oldest of whoever holds most make room; 0: none",
        least=0,
    )
    log_format: str = _setting("text", "`text` or `json`", choices=("text", "json"))
    api_keys: tuple[str, ...] = _setting(
        (),
        "keys joined by commas: every request must then bear one, `/metrics` too, as `X-API-Key` "
        "or Bearer token; none is needed to open pages, or for health, languages, formats and "
        "steps",
        pattern=r"[!-~]+",
        is_secret=True,
    )
    api_keys_file: str = _setting(
        "", "file of more keys: the SHA-256 of each in hexadecimal, one a line; `#` begins a remark"
    )
    profiles: str = _setting("", "folder of TOML files, each a profile beside the built-in ones")
    words: str = _setting(
        "", "file of names, part numbers and other words of your own, for the option `words`"
    )
    handwriting_model: str = _setting(
        "",
        "ONNX file of a network that reads handwriting in place of the server's own, such as "
        "`scripts/training` makes of lines that were confirmed",
    )
    pages: str = _setting("on", "`off`: programs only, no pages", choices=("on", "off"))
    cors_origins: tuple[str, ...] = _setting(
        (),
        "origins whose scripts may use the API, joined by commas, or `*`",
        pattern=r"\*|https?://[^/\s]+",
    )
    trusted_proxy: str = _setting(
        "",
        "address of the proxy whose `X-Forwarded-` headers are believed, or `*`",
        pattern=r"\*|[\da-f]*[.:][\da-f.:]+|",  # compared with an IP address, letter by letter
    )
    base_path: str = _setting(
        "",
        "path below which the server is reached, such as `/ocr`, whether or not the proxy strips "
        "it; `X-Forwarded-Prefix` of the trusted proxy comes before it",
        pattern=r"/?|(/(?!\.{1,2}(/|$))[A-Za-z0-9_.~@:+-]+)+/?",
    )
    compat: tuple[str, ...] = _setting(
        (),
        "other servers whose routes are served too, joined by commas, or `all`: "
        f"{', '.join(ADAPTER_NAMES)}",
        choices=(*ADAPTER_NAMES, ALL_ADAPTERS),
    )

    jobs: str = _setting(
        "",
        "where durable jobs are kept: a folder, or the address of a PostgreSQL database, "
        "`postgresql://…`; without it nothing is kept",
        is_secret=True,
    )
    jobs_files: str = _setting(
        "",
        "folder for what jobs were sent and read, or bucket, as `s3://name/prefix`; with "
        "PostgreSQL one that all machines share",
        shown="the folder of `OCR_JOBS`",
    )
    jobs_keep_s: float = _setting(
        3600.0, "seconds that a job is kept after its end; a request may ask for less", least=1
    )
    jobs_slots: int = _setting(
        -1,
        "pages of jobs read at the same time; 0: jobs are only taken in",
        least=-1,
        shown="the slots but one, at least 1",
    )
    jobs_max_pages: int = _setting(
        20_000, "pages of jobs that may wait, and that one job may have", least=1
    )
    jobs_max_bytes: int = _setting(
        10 * 1024 * MIB, "bytes of jobs that may wait, and that one job may have", least=1024
    )
    jobs_max_s: float = _setting(
        7 * 86_400.0, "seconds after which a job that has not ended is forgotten", least=1
    )
    webhook_hosts: tuple[str, ...] = _setting(
        (),
        "hosts that may be told when a job has ended, joined by commas, with or without a port",
        pattern=r"[A-Za-z0-9.-]+(:\d+)?|\[[\da-fA-F:]+\](:\d+)?",
    )
    webhook_secret: str = _setting(
        "", "secret that signs what webhooks are sent (Standard Webhooks)", is_secret=True
    )

    @property
    def job_slots(self) -> int:
        """How many pages of jobs are read at the same time."""
        return max(1, self.slots - 1) if self.jobs_slots < 0 else self.jobs_slots

    @property
    def worker_bytes(self) -> int:
        """Bytes of data that a worker process may hold: as set, or from the container's limit."""
        return self.worker_memory_bytes or worker_share_bytes(self.slots)

    @property
    def waiting(self) -> int:
        """How many requests may wait for a slot."""
        return self.queue_size or 4 * self.slots

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings in an environment, by default that of this process.

        Raises:
            SettingsError: names or values are not understood; the message has all of them.
        """
        given = os.environ if environment is None else environment
        links = service_links(given)
        known = {variable(setting): setting for setting in fields(cls)}
        types = get_type_hints(cls)
        values: dict[str, Any] = {}  # values are as mixed as the fields
        faults = []
        for name in sorted(given):
            if not name.startswith(PREFIX) or name in links:
                continue
            if name not in known:
                shown = with_closest(name, [name], known)
                faults.append(f"{shown} is not a setting; there are {', '.join(known)}.")
                continue
            setting = known[name]
            try:
                values[setting.name] = _parse(given[name], types[setting.name], setting)
            except ValueError as error:
                shown = name if setting.metadata["is_secret"] else f"{name}={given[name]!r}"
                faults.append(f"{shown} is not understood: {error}.")
        if faults:
            raise SettingsError(" ".join(faults))
        return cls(**values)


def service_links(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that look like settings, but were put there by Kubernetes or Docker."""
    return tuple(
        name
        for name, value in sorted(environment.items())
        if any(
            names.fullmatch(name) and values.fullmatch(value.strip())
            for names, values in SERVICE_LINKS
        )
    )


def variable(setting: Field[Any]) -> str:
    """The environment variable of a member of `Settings`."""
    return PREFIX + setting.name.upper()


def table() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of all settings, in order, as Markdown."""
    return [
        (variable(f), f.metadata["shown"] or _shown(f.default), f.metadata["meaning"])
        for f in fields(Settings)
    ]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        value = "+".join(value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value != "" else "none"


def _parse(text: str, kind: type, setting: Field[Any]) -> float | str | tuple[str, ...]:
    text = text.strip()
    choices = setting.metadata["choices"]
    if kind is str:
        if choices and text not in choices:
            raise ValueError(f"use one of {', '.join(choices)}")
        if not re.fullmatch(setting.metadata["pattern"], text):
            raise ValueError(f"it is no {setting.metadata['meaning']}")
        return text
    if kind is int or kind is float:
        bounds: Bounds = setting.metadata["bounds"]
        return bounds.parse(text)
    return _parse_list(text if setting.name != "languages" else text.replace("+", ","), setting)


def _parse_list(text: str, setting: Field[Any]) -> tuple[str, ...]:
    """The items of a list joined by commas; none is an error, as a key may have been forgotten."""
    choices, pattern = setting.metadata["choices"], setting.metadata["pattern"]
    items = tuple(item for item in map(str.strip, text.split(",")) if item)
    if not items:
        raise ValueError("name at least one, or leave the variable out")
    if choices and not set(items) <= set(choices):
        raise ValueError(f"use some of {', '.join(choices)}, joined by commas")
    wrong = [number for number, item in enumerate(items, 1) if not re.fullmatch(pattern, item)]
    if wrong:
        raise ValueError(f"item {wrong[0]} of the list does not have the right form")
    return items
