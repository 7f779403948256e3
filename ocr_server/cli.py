"""The command line: `serve`, `work`, `read`, `job`, `station`, `mcp`, `languages`, `doctor`.

`read` sends its files to a server at a URL, or to a `Service` in this process.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from ocr_server import __version__, traces
from ocr_server.client import ReadFiles, Refused, RemoteServer, local_server, remote_server
from ocr_server.doctor import examine
from ocr_server.document.languages import name_of
from ocr_server.engines import describe_choice
from ocr_server.errors import OcrServerError, SettingsError
from ocr_server.export import FORMATS
from ocr_server.hot_folder import HotFolder
from ocr_server.logs import start_logging
from ocr_server.request.options import OPTIONS, Option
from ocr_server.server.waitress_server import run
from ocr_server.settings import PREFIX, Settings, service_links
from ocr_server.station import command as station
from ocr_server.station.listener import send_picture
from ocr_server.web.auth import read_key_file

# Flags that `read` describes itself; it has one more for every other option.
SPELLED_OUT = {"format", "partial"}
STANDARD_INPUT = "-"
BAR_LETTERS = 30

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
    command.add_argument("--partial", action="store_true", help=_help_of(OPTIONS["partial"]))
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
            command.add_argument(flag, dest=name, help=_help_of(option))
    command.set_defaults(run=_read)

    command = commands.add_parser("job", help="documents that a server reads in its own time")
    _add_job_commands(command)

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


def _add_job_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    submit = commands.add_parser("submit", help="have files read; prints the id of the job")
    submit.add_argument("files", nargs="+", metavar="FILE")
    for name, option in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        submit.add_argument(flag, dest=name, help=_help_of(option))
    submit.set_defaults(run=_submit_job)
    watch = commands.add_parser(
        "watch",
        help="show how far a job is, until it has ended; or read what is put into a folder",
    )
    watch.add_argument("job_id", metavar="ID|FOLDER")
    watch.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the first is a folder, and documents go here"
    )
    watch.add_argument("--format", help=f"of the documents: {', '.join(FORMATS)} (default: text)")
    watch.add_argument(
        "--option", action="append", default=[], metavar="NAME=TEXT",
        help="an option of reading, as languages=deu",
    )  # fmt: skip
    watch.add_argument("--once", action="store_true", help="end when all files there are read")
    watch.set_defaults(run=_watch_job)
    fetch = commands.add_parser("fetch", help="write what was read")
    fetch.add_argument("--format", help=f"{', '.join(FORMATS)} (default: text)")
    fetch.add_argument("--partial", action="store_true", help=_help_of(OPTIONS["partial"]))
    fetch.add_argument(
        "--output", type=Path, metavar="OUT", help="file for the answer (default: the screen)"
    )
    fetch.set_defaults(run=_fetch_job)
    cancel = commands.add_parser("cancel", help="stop a job and forget it")
    cancel.set_defaults(run=_cancel_job)
    for command in (fetch, cancel):
        command.add_argument("job_id", metavar="ID")
    for command in (submit, watch, fetch, cancel):
        command.add_argument("--url", default="http://localhost:8080", help="the server's address")
        command.add_argument(
            "--api-key-file", type=Path, metavar="FILE", help="holds the key that it wants"
        )


def _help_of(option: Option) -> str:
    """The meaning and the default as plain text, `%` doubled for argparse."""
    return f"{option.meaning} (default: {option.default})".replace("`", "").replace("%", "%%")


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
        return _read_as_job(arguments, given)
    pictures = [_read_file(name) for name in arguments.files]
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
    _write(arguments, [answer])
    return 0


def _read_file(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()


def _server(arguments: argparse.Namespace) -> AbstractContextManager[ReadFiles]:
    """The server at the given address, else a service in this process."""
    if arguments.url:
        return remote_server(arguments.url, _key(arguments))
    return local_server(Settings.from_environment())


def _key(arguments: argparse.Namespace) -> str:
    file = arguments.api_key_file
    return read_key_file(file, errors="replace").strip() if file else ""


def _read_as_job(arguments: argparse.Namespace, given: Mapping[str, str]) -> int:
    """Have the pictures read as a job, write its document and forget it."""
    if not arguments.url or arguments.table or arguments.annotate:
        raise Refused("A job is of a server: give --url, and neither --table nor --annotate.")
    server = _remote(arguments)
    job_id = _submit(server, arguments.files, given)
    try:
        _show_progress(server, job_id)
        shown = {"partial": "true"} if arguments.partial else {}
        _write(arguments, server.fetch(job_id, {"format": arguments.format or "text", **shown}))
    finally:
        server.cancel(job_id)
    return 0


def _remote(arguments: argparse.Namespace) -> RemoteServer:
    return RemoteServer(arguments.url, _key(arguments))


def _show_progress(server: RemoteServer, job_id: str) -> bool:
    """Show how far a job is, on one line of a terminal; whether it could be read."""
    is_terminal, state = sys.stderr.isatty(), "gone"
    for job in server.watch(job_id):
        done, state = job.read + job.failed, job.state
        bar = "█" * round(BAR_LETTERS * done / max(1, job.total))
        failed = f", {job.failed} failed" if job.failed else ""
        line = f"{bar:·<{BAR_LETTERS}} {done} of {job.total} pages{failed}, {state}"
        print(f"\r{line}" if is_terminal else line, end="" if is_terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip
    if is_terminal:
        print(file=sys.stderr)
    return state == "done"


def _submit_job(arguments: argparse.Namespace) -> int:
    given = {name: getattr(arguments, name) for name in OPTIONS}
    options = {name: value for name, value in given.items() if value is not None}
    print(_submit(_remote(arguments), arguments.files, options))
    return 0


def _submit(server: RemoteServer, names: Sequence[str], options: Mapping[str, str]) -> str:
    """The id of a job of files; one that is large is sent in pieces."""
    if len(names) == 1 and names[0] != STANDARD_INPUT:
        return server.submit_file(Path(names[0]), options)
    return server.submit([_read_file(name) for name in names], options)


def _watch_job(arguments: argparse.Namespace) -> int:
    if arguments.out:
        return _watch_folder(arguments)
    if arguments.format or arguments.option or arguments.once:
        raise Refused("--format, --option and --once are of a folder, with --out.")
    return 0 if _show_progress(_remote(arguments), arguments.job_id) else 1


def _watch_folder(arguments: argparse.Namespace) -> int:
    """Have the files of a folder read as jobs, until SIGTERM or SIGINT."""
    options = dict(text.partition("=")[::2] for text in arguments.option)
    hot = HotFolder(
        _remote(arguments),
        Path(arguments.job_id),
        arguments.out,
        options=options,
        format_=arguments.format or "text",
    )
    start_logging("text")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    hot.run(stop, once=arguments.once)
    return 0


def _fetch_job(arguments: argparse.Namespace) -> int:
    options = {"format": arguments.format or "text"}
    if arguments.partial:
        options["partial"] = "true"
    _write(arguments, _remote(arguments).fetch(arguments.job_id, options))
    return 0


def _cancel_job(arguments: argparse.Namespace) -> int:
    _remote(arguments).cancel(arguments.job_id)
    return 0


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
    _write(arguments, lines)
    return 1 if any("code" in json.loads(line) for line in lines) else 0


def _write(arguments: argparse.Namespace, answer: Iterable[bytes]) -> None:
    """Write an answer that comes in pieces; the file stays as it is where none comes."""
    pieces = iter(answer)
    first = next(pieces, b"")
    screen = nullcontext(sys.stdout.buffer)
    with arguments.output.open("wb") if arguments.output else screen as file:
        file.writelines(chain([first], pieces))
        file.flush()


def _mcp(arguments: argparse.Namespace) -> int:
    # Its packages are installed where they are wanted.
    from ocr_server import mcp_stdio  # noqa: PLC0415

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
