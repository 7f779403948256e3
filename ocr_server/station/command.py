"""`ocr-server station`: reads its sources into its sinks until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from ocr_server import traces
from ocr_server.bounds import Bounds
from ocr_server.errors import StationError
from ocr_server.request.build import build_job
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.station.camera import Camera
from ocr_server.station.csv_log import CsvLog
from ocr_server.station.dashboard import StationPage
from ocr_server.station.folder import SETTLED_S, Folder
from ocr_server.station.intake import Intake, OnReading, Reader
from ocr_server.station.journal import Entry, Journal, Record
from ocr_server.station.listener import TcpListener
from ocr_server.station.sinks import AnnotatedFolder, Delivery, Poster, Sink

SECONDS = Bounds(0, math.inf)

log = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The flags of `ocr-server station`."""
    command.add_argument("profile", metavar="PROFILE", help="the kind of picture, such as label")
    sources = command.add_argument_group("sources")
    sources.add_argument(
        "--watch", type=Path, metavar="FOLDER", help="folder whose new files are read"
    )
    sources.add_argument(
        "--settle",
        type=seconds,
        default=SETTLED_S,
        metavar="SECONDS",
        help=f"time a file there must not have changed before it is read (default: {SETTLED_S})",
    )
    sources.add_argument(
        "--listen",
        type=address,
        metavar="HOST:PORT",
        help="take pictures over TCP (default host: 127.0.0.1)",
    )
    sources.add_argument(
        "--camera", metavar="DEVICE|URL", help="camera, read when its picture is steady and new"
    )
    sources.add_argument(
        "--trigger", action="store_true", help="read the camera on READ over TCP only"
    )
    sinks = command.add_argument_group("sinks")
    sinks.add_argument(
        "--csv", type=Path, metavar="FILE", help="write a table for each day, named after this file"
    )
    sinks.add_argument("--post", metavar="URL", help="post each reading as JSON")
    sinks.add_argument(
        "--annotated", type=Path, metavar="FOLDER", help="folder for the pictures with their boxes"
    )
    sinks.add_argument(
        "--http",
        type=address,
        metavar="HOST:PORT",
        help="serve a page of the last readings (default host: 127.0.0.1)",
    )
    command.add_argument(
        "--journal", type=Path, metavar="FILE",
        help="SQLite file of all readings (default: PROFILE.station)",
    )  # fmt: skip


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the station that the command line describes.

    Raises:
        StationError: it cannot work like that.
    """
    with traces.exported(), closing(Service.start(settings)) as here:
        here.watch()
        profile = here.profiles.get(arguments.profile)
        if profile is None:
            known = ", ".join(here.profiles)
            raise StationError(f"There is no profile {arguments.profile}; there are {known}.")
        draws_boxes = bool(arguments.annotated or arguments.http)
        read = reader(here, arguments.profile, draws_boxes=draws_boxes)
        fields = [field.name for field in profile.fields]
        run_with(read, arguments, fields=fields, settings=settings)
    return 0


def reader(here: Service, profile: str, *, draws_boxes: bool) -> Reader:
    """A function that reads a picture by a profile, and draws its boxes with `draws_boxes`."""

    def read(data: bytes) -> tuple[Record, bytes | None]:
        with (
            traces.span("reading"),
            here.admission.admit(),
            here.scratch.job() as folder,
        ):
            sources = (folder.add([data]),)
            request = build_job({"profile": profile, "detail": "page"}, sources, here)
            document = here.read(request.job, threading.Event())
            if document.problems:  # a value may stand on the part that was not read
                raise document.problems[0].error
            record = Record(document.text, document.fields)
            if not draws_boxes:
                return record, None
            first = replace(document, pages=document.pages[:1])
            drawn = replace(request, formats=("png",))
            return record, here.render(first, drawn, threading.Event()).read()

    return read


def run_with(
    read: Reader, arguments: argparse.Namespace, *, fields: Sequence[str], settings: Settings
) -> None:
    """Run with another reader, such as one that reads nothing."""
    if not (arguments.watch or arguments.listen or arguments.camera):
        raise StationError("A station needs a source: --watch, --listen or --camera.")
    if arguments.trigger and not (arguments.camera and arguments.listen):
        raise StationError("--trigger needs --camera, and --listen for the word READ.")
    if arguments.watch:
        _keep_apart(arguments)
    stop = threading.Event()
    with ExitStack() as stack:
        journal = Journal(arguments.journal or Path(f"{arguments.profile}.station"))
        stack.callback(journal.close)
        delivery = Delivery(journal, _sinks(arguments, journal, fields))
        stack.callback(delivery.end)
        listeners: list[OnReading] = [lambda _entry, _data, _drawn: delivery.wake()]
        if arguments.annotated:
            listeners.append(AnnotatedFolder(arguments.annotated).keep)
        if arguments.http:
            page = StationPage(arguments.http, journal, arguments.profile)
            stack.enter_context(page.served())
            listeners.append(page.remember)
            log.info("the page is at http://%s:%d", arguments.http[0], page.port)
        intake = Intake(journal, read, stop, listeners)
        with _stopping(stop):
            _run_all(_sources(arguments, intake, journal, settings), stop)
    log.info("the station has ended")


def _keep_apart(arguments: argparse.Namespace) -> None:
    """Refuse sinks in the watched folder, whose files would be read as new pictures.

    Raises:
        StationError: a sink writes there.
    """
    written = {"--csv": arguments.csv and arguments.csv.parent, "--annotated": arguments.annotated}
    for option, folder in written.items():
        if folder and folder.resolve() == arguments.watch.resolve():
            raise StationError(
                f"{option} writes into {folder}, which is watched; give it another folder."
            )


def _sinks(arguments: argparse.Namespace, journal: Journal, fields: Sequence[str]) -> list[Sink]:
    sinks: list[Sink] = []
    if arguments.csv:
        sinks.append(CsvLog(arguments.csv, fields))
    if arguments.post:
        sinks.append(Poster(arguments.post, station_id=journal.station_id))
    return sinks


Watch = Callable[[threading.Event], None]


def _sources(
    arguments: argparse.Namespace, intake: Intake, journal: Journal, settings: Settings
) -> list[Watch]:
    sources: list[Watch] = []
    trigger: Callable[[], Entry | None] | None = None
    if arguments.watch:
        folder = Folder(
            arguments.watch, intake,
            threads=2 * settings.slots,  # one that waits for its turn leaves no slot idle
            most_bytes=settings.max_body_bytes, leaves=journal.files, settle_s=arguments.settle,
        )  # fmt: skip
        sources.append(folder.run)
    if arguments.camera:
        camera = Camera(arguments.camera, intake, waits_for_trigger=arguments.trigger)
        sources.append(camera.run)
        trigger = camera.trigger
    if arguments.listen:
        listener = TcpListener(
            arguments.listen, intake, most_bytes=settings.max_body_bytes, trigger=trigger
        )
        log.info("listening for pictures on %s:%d", arguments.listen[0], listener.port)
        sources.append(listener.run)
    return sources


def _run_all(sources: Sequence[Watch], stop: threading.Event) -> None:
    """Run each source in a thread; if one cannot go on, all end, and its error is raised."""
    failed: list[Exception] = []

    def run_one(source: Watch) -> None:
        try:
            source(stop)
        except Exception as error:  # noqa: BLE001  # raised again below, in the main thread
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=run_one, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # a signal is heard between two turns
            thread.join(0.5)
    if failed:
        raise failed[0]


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`, for the length of a with-block."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `:PORT` or `PORT`, for the command line."""
    name, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no address; use HOST:PORT")
    return name.strip("[]") or "127.0.0.1", int(port)


def seconds(text: str) -> float:
    """A time of 0 seconds or more, for the command line."""
    try:
        return SECONDS.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: {error}") from error
