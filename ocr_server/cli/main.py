"""The commands and their flags; `job` has its own in `cli.jobs`.

`read` sends its files to a server at a URL, or to a `Service` in this process.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ocr_server import __version__, traces
from ocr_server.cli.doctor import examine
from ocr_server.cli.jobs import (
    STANDARD_INPUT,
    add_job_commands,
    help_of,
    key_of,
    read_as_job,
    read_file,
    write_answer,
)
from ocr_server.client import ReadFiles, Refused, local_server, remote_server
from ocr_server.document.languages import name_of
from ocr_server.engines import describe_choice
from ocr_server.errors import OcrServerError, SettingsError
from ocr_server.export import FORMATS
from ocr_server.logs import start_logging
from ocr_server.request.options import OPTIONS
from ocr_server.server.waitress_server import run
from ocr_server.settings import PREFIX, Settings, service_links
from ocr_server.station import command as station
from ocr_server.station.listener import send_picture

# Flags that `read` describes itself; it has one more for every other option.
SPELLED_OUT = {"format", "partial"}

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 1 if it failed.

    Raises:
        SystemExit: the arguments are wrong (exit code 2), or ask for help or the version.
    """
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except OcrServerError as error:
        print(error.message, file=sys.stderr)
    except Refused as error:
        print(error, file=sys.stderr)
    except OSError as error:
        named = error.filename is not None and error.strerror
        print(f"{error.filename}: {error.strerror}" if named else error, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ocr-server", description="Read text from pictures.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="start the server")
    _add_address(command)
    command.set_defaults(run=_serve, is_worker=False)

    command = commands.add_parser("work", help="read the pages of jobs; health and metrics only")
    _add_address(command)
    command.set_defaults(run=_serve, is_worker=True)

    command = commands.add_parser("read", help="read pictures and PDFs, without a server")
    command.add_argument(
        "files", nargs="+", metavar="FILE", help=f"{STANDARD_INPUT} is standard input"
    )
    command.add_argument("--format", help=f"{', '.join(FORMATS)} (default: text)")
    command.add_argument(
        "--output", type=Path, metavar="OUT", help="file for the answer (default: the screen)"
    )
    command.add_argument("--partial", action="store_true", help=help_of(OPTIONS["partial"]))
    command.add_argument("--table", action="store_true", help="every word with its confidence")
    command.add_argument("--annotate", type=Path, metavar="OUT.png", help="draw the boxes there")
    command.add_argument("--url", help="let the server at this address read")
    command.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help="holds the key that the server wants"
    )
    command.add_argument(
        "--job", action="store_true", help="with --url: as a durable job, for long documents"
    )
    command.add_argument(
        "--socket", type=station.address, metavar="HOST:PORT", help="let the station there read"
    )
    for name, option in OPTIONS.items():
        if name not in SPELLED_OUT:
            flag = f"--{name.replace('_', '-')}"
            command.add_argument(flag, dest=name, help=help_of(option))
    command.set_defaults(run=_read)

    command = commands.add_parser("job", help="documents that a server reads in its own time")
    add_job_commands(command)

    command = commands.add_parser("station", help="read one kind of picture, all day")
    station.add_arguments(command)
    command.set_defaults(run=_station)

    command = commands.add_parser("mcp", help="tools for language models (MCP)")
    command.add_argument(
        "--allow",
        action="append",
        type=Path,
        metavar="FOLDER",
        help="files below it may be read; may be given again (default: the working folder)",
    )
    command.set_defaults(run=_mcp)

    command = commands.add_parser("languages", help="list the installed languages")
    command.set_defaults(run=_languages)

    command = commands.add_parser("doctor", help="say what works here and what does not")
    command.set_defaults(run=_doctor)
    return parser


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--host", help=f"address to listen on (default: OCR_HOST or {Settings().host})"
    )
    command.add_argument(
        "--port", help=f"port to listen on (default: OCR_PORT or {Settings().port})"
    )
    command.add_argument(
        "--tls-cert",
        metavar="FILE",
        help="PEM file of a certificate, to serve https (default: OCR_TLS_CERT)",
    )
    command.add_argument(
        "--tls-key", metavar="FILE", help="PEM file of its key (default: OCR_TLS_KEY)"
    )


def _serve(arguments: argparse.Namespace) -> int:
    names = ("host", "port", "tls_cert", "tls_key")
    given = {f"{PREFIX}{name.upper()}": getattr(arguments, name) for name in names}
    settings = Settings.from_environment(
        os.environ | {name: value for name, value in given.items() if value is not None}
    )
    if arguments.is_worker:
        settings = _of_worker(settings)
    _start_logging(settings)
    with traces.exported():
        run(settings, is_worker=arguments.is_worker)
    return 0


def _of_worker(settings: Settings) -> Settings:
    """The settings of a process that does nothing but read pages of jobs: in all of its slots.

    Raises:
        SettingsError: there are no jobs.
    """
    if not settings.jobs:
        raise SettingsError("Set OCR_JOBS to the place whose jobs are to be read.")
    if settings.jobs_slots == 0:
        raise SettingsError("OCR_JOBS_SLOTS=0 leaves a worker nothing to do. Leave it out.")
    return replace(settings, jobs_slots=max(settings.jobs_slots, 0) or settings.slots)


def _start_logging(settings: Settings) -> None:
    start_logging(settings.log_format)
    links = service_links(os.environ)
    if links:
        log.info("these variables are of a service link and no settings: %s", ", ".join(links))


def _read(arguments: argparse.Namespace) -> int:
    options = {name: getattr(arguments, name) for name in OPTIONS if name not in SPELLED_OUT}
    given = {name: value for name, value in options.items() if value is not None}
    if arguments.partial:
        given["partial"] = "true"
    if arguments.job:
        return read_as_job(arguments, given)
    pictures = [read_file(name) for name in arguments.files]
    if arguments.socket:
        return _read_at_station(arguments, pictures, given)
    with _server(arguments) as read:
        if arguments.annotate:
            arguments.annotate.write_bytes(read(pictures, {**given, "format": "png"}))
        wanted = (
            {"format": "json", "detail": "word"}
            if arguments.table
            else {"format": arguments.format or "text"}
        )
        answer = read(pictures, {**given, **wanted})
    if arguments.table:
        answer = _table(json.loads(answer)).encode()
    write_answer(arguments, [answer])
    return 0


def _server(arguments: argparse.Namespace) -> AbstractContextManager[ReadFiles]:
    """The server at the given address, else a service in this process."""
    if arguments.url:
        return remote_server(arguments.url, key_of(arguments))
    return local_server(Settings.from_environment())


def _read_at_station(
    arguments: argparse.Namespace, pictures: Sequence[bytes], given: Mapping[str, str]
) -> int:
    """Send the pictures to a station and write its answers; 1 if it could not read a picture."""
    own = ("format", "table", "annotate", "url", "api_key_file")
    refused = [*given, *(name for name in own if getattr(arguments, name))]
    if refused:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in refused)
        raise Refused(f"A station reads by its own profile and answers in JSON; leave out {flags}.")
    lines = [send_picture(arguments.socket, picture) for picture in pictures]
    write_answer(arguments, lines)
    return 1 if any("code" in json.loads(line) for line in lines) else 0


def _mcp(arguments: argparse.Namespace) -> int:
    # Its packages are installed where they are wanted.
    from ocr_server.cli import mcp_stdio  # noqa: PLC0415

    settings = Settings.from_environment()
    _start_logging(settings)
    mcp_stdio.serve(settings, [folder.resolve() for folder in arguments.allow or [Path()]])
    return 0


def _station(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    _start_logging(settings)
    return station.run(arguments, settings)


def _table(document: Mapping[str, Any]) -> str:
    """Each word and its confidence in per cent."""
    words = [
        (word["text"], round(word["confidence"] * 100))
        for page in document["pages"]
        for zone in page["zones"]
        for line in zone["lines"]
        for word in line["words"]
    ]
    width = max([len("Text"), *(len(text) for text, _ in words)])
    rows = [f"{'Text':{width}}  Confidence"]
    rows += [f"{text:{width}}  {confidence:9d}%" for text, confidence in words]
    return "\n".join(rows) + "\n"


def _languages(_arguments: argparse.Namespace) -> int:
    for code in describe_choice(Settings.from_environment().engine).languages:
        print(f"{code:16} {name_of(code)}")
    return 0


def _doctor(_arguments: argparse.Namespace) -> int:
    healthy = True
    for finding in examine():
        healthy &= finding.is_good
        print(f"{'ok  ' if finding.is_good else 'FAIL'} {finding.words}")
    return 0 if healthy else 1
