"""The command `job`, and `read --job`: documents that a server reads in its own time."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

from ocr_server.cli.hot_folder import HotFolder
from ocr_server.client import Refused, RemoteServer
from ocr_server.export import FORMATS
from ocr_server.logs import start_logging
from ocr_server.request.options import OPTIONS, Option
from ocr_server.web.auth import read_key_file

STANDARD_INPUT = "-"
BAR_LETTERS = 30


def add_job_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands of jobs: submit, watch, fetch and cancel."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    submit = commands.add_parser("submit", help="have files read; prints the id of the job")
    submit.add_argument("files", nargs="+", metavar="FILE")
    for name, option in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        submit.add_argument(flag, dest=name, help=help_of(option))
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
    fetch.add_argument("--partial", action="store_true", help=help_of(OPTIONS["partial"]))
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


def read_as_job(arguments: argparse.Namespace, given: Mapping[str, str]) -> int:
    """Have the pictures read as a job, write its document and forget it."""
    if not arguments.url or arguments.table or arguments.annotate:
        raise Refused("A job is of a server: give --url, and neither --table nor --annotate.")
    server = _remote(arguments)
    job_id = _submit(server, arguments.files, given)
    try:
        _show_progress(server, job_id)
        shown = {"partial": "true"} if arguments.partial else {}
        write_answer(
            arguments, server.fetch(job_id, {"format": arguments.format or "text", **shown})
        )
    finally:
        server.cancel(job_id)
    return 0


def help_of(option: Option) -> str:
    """The meaning and the default as plain text, `%` doubled for argparse."""
    return f"{option.meaning} (default: {option.default})".replace("`", "").replace("%", "%%")


def key_of(arguments: argparse.Namespace) -> str:
    """The API key in the file that was named; empty if none was."""
    file = arguments.api_key_file
    return read_key_file(file, errors="replace").strip() if file else ""


def read_file(name: str) -> bytes:
    """The bytes of a file, or of standard input."""
    return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()


def write_answer(arguments: argparse.Namespace, answer: Iterable[bytes]) -> None:
    """Write an answer that comes in pieces; the file stays as it is where none comes."""
    pieces = iter(answer)
    first = next(pieces, b"")
    screen = nullcontext(sys.stdout.buffer)
    with arguments.output.open("wb") if arguments.output else screen as file:
        file.writelines(chain([first], pieces))
        file.flush()


def _remote(arguments: argparse.Namespace) -> RemoteServer:
    return RemoteServer(arguments.url, key_of(arguments))


def _submit(server: RemoteServer, names: Sequence[str], options: Mapping[str, str]) -> str:
    """The id of a job of files; one that is large is sent in pieces."""
    if len(names) == 1 and names[0] != STANDARD_INPUT:
        return server.submit_file(Path(names[0]), options)
    return server.submit([read_file(name) for name in names], options)


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


def _watch_job(arguments: argparse.Namespace) -> int:
    if arguments.out:
        return _watch_folder(arguments)
    if arguments.format or arguments.option or arguments.once:
        raise Refused("--format, --option and --once are of a folder, with --out.")
    if Path(arguments.job_id).is_dir():
        raise Refused(f"{arguments.job_id} is a folder. Name the one for its documents by --out.")
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
    write_answer(arguments, _remote(arguments).fetch(arguments.job_id, options))
    return 0


def _cancel_job(arguments: argparse.Namespace) -> int:
    _remote(arguments).cancel(arguments.job_id)
    return 0
