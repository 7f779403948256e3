"""`ocr-server station`: sources on one side, sinks on the other, until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ocr_server.client import local_application
from ocr_server.settings import Settings
from ocr_server.station.annotated import AnnotatedFolder
from ocr_server.station.camera import Camera
from ocr_server.station.csv_log import CsvLog
from ocr_server.station.dashboard import StationPage
from ocr_server.station.errors import StationError
from ocr_server.station.folder import Folder
from ocr_server.station.intake import Intake, OnReading, Read
from ocr_server.station.journal import Entry, Journal
from ocr_server.station.listener import TcpListener as SocketListener
from ocr_server.station.poster import Poster
from ocr_server.station.reading import reader
from ocr_server.station.sinks import Delivery, Sink
from ocr_server.station.socket_client import address_of

log = logging.getLogger(__name__)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    command.add_argument("profile", metavar="PROFILE", help="the kind of picture, see /v1/profiles")
    sources = command.add_argument_group("sources")
    sources.add_argument("--watch", type=Path, metavar="FOLDER", help="read what is put there")
    sources.add_argument(
        "--listen", type=address, metavar="HOST:PORT", help="pictures over TCP; host: 127.0.0.1"
    )
    sources.add_argument("--camera", metavar="DEVICE|URL", help="read when steady and changed")
    sources.add_argument("--trigger", action="store_true", help="read the camera when asked only")
    sinks = command.add_argument_group("sinks")
    sinks.add_argument("--csv", type=Path, metavar="FILE", help="a table for each day beside it")
    sinks.add_argument("--post", metavar="URL", help="post each reading there as JSON")
    sinks.add_argument("--annotated", type=Path, metavar="FOLDER", help="pictures with boxes")
    sinks.add_argument(
        "--http", type=address, metavar="HOST:PORT", help="a page of the last readings"
    )
    command.add_argument(
        "--journal", type=Path, metavar="FILE",
        help="what was read and is to be delivered; default: PROFILE.station",
    )  # fmt: skip


def run(asked: argparse.Namespace, settings: Settings) -> int:
    """Run the station that was asked for.

    Raises:
        StationError: it cannot work as asked.
    """
    with local_application(settings) as (here, post):
        profile = here.profiles.get(asked.profile)
        if profile is None:
            known = ", ".join(here.profiles)
            raise StationError(f"There is no profile {asked.profile}; there are {known}.")
        read = reader(post, asked.profile, draws_boxes=bool(asked.annotated or asked.http))
        fields = [field.name for field in profile.fields]
        run_with(read, asked, fields=fields, settings=settings)
    return 0


def run_with(
    read: Read, asked: argparse.Namespace, *, fields: Sequence[str], settings: Settings
) -> None:
    """Run with another reader, such as one that reads nothing."""
    if not (asked.watch or asked.listen or asked.camera):
        raise StationError("A station needs a source: --watch, --listen or --camera.")
    if asked.trigger and not (asked.camera and asked.listen):
        raise StationError("--trigger needs --camera, and --listen for the word READ.")
    if asked.watch:
        _keep_apart(asked)
    stop = threading.Event()
    with ExitStack() as stack:
        journal = Journal(asked.journal or Path(f"{asked.profile}.station"))
        stack.callback(journal.close)
        delivery = Delivery(journal, _sinks(asked, journal, fields))
        stack.callback(delivery.end)
        listeners: list[OnReading] = [lambda _entry, _data, _drawn: delivery.wake()]
        if asked.annotated:
            listeners.append(AnnotatedFolder(asked.annotated).keep)
        if asked.http:
            page = StationPage(asked.http, journal, asked.profile)
            stack.enter_context(page.served())
            listeners.append(page.remember)
            log.info("the page is at http://%s:%d", asked.http[0], page.port)
        desk = Intake(journal, read, stop, listeners)
        with _stopping(stop):
            _run_all(_sources(asked, desk, journal, settings), stop)
    log.info("the station has ended")


def _keep_apart(asked: argparse.Namespace) -> None:
    """What the station writes into the watched folder, it would read, and write of that again."""
    written = {"--csv": asked.csv and asked.csv.parent, "--annotated": asked.annotated}
    for option, folder in written.items():
        if folder and folder.resolve() == asked.watch.resolve():
            raise StationError(
                f"{option} writes into {folder}, which is watched; give it another folder."
            )


def _sinks(asked: argparse.Namespace, journal: Journal, fields: Sequence[str]) -> list[Sink]:
    sinks: list[Sink] = []
    if asked.csv:
        sinks.append(CsvLog(asked.csv, fields))
    if asked.post:
        sinks.append(Poster(asked.post, station_id=journal.station_id))
    return sinks


Source = Callable[[threading.Event], None]


def _sources(
    asked: argparse.Namespace, desk: Intake, journal: Journal, settings: Settings
) -> list[Source]:
    sources: list[Source] = []
    trigger: Callable[[], Entry | None] | None = None
    if asked.watch:
        folder = Folder(
            asked.watch, desk, threads=settings.slots, most_bytes=settings.max_body_bytes,
            leaves=journal.files,
        )  # fmt: skip
        sources.append(folder.run)
    if asked.camera:
        camera = Camera(asked.camera, desk, waits_for_trigger=asked.trigger)
        sources.append(camera.run)
        trigger = camera.trigger
    if asked.listen:
        listener = SocketListener(
            asked.listen, desk, most_bytes=settings.max_body_bytes, trigger=trigger
        )
        log.info("listening for pictures on %s:%d", asked.listen[0], listener.port)
        sources.append(listener.run)
    return sources


def _run_all(sources: Sequence[Source], stop: threading.Event) -> None:
    """Run each source in a thread; if one cannot go on, all end, and its error is raised."""
    failed: list[Exception] = []

    def run_one(source: Source) -> None:
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
    """Host and port, for the command line."""
    try:
        return address_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
