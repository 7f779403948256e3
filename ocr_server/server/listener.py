"""The listening socket and its connections: who may connect, and who has to leave for others."""

from __future__ import annotations

import json
import logging
import select
import shutil
import socket
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

from waitress import wasyncore
from waitress.server import TcpWSGIServer

from ocr_server.browser_safety import cross_origin_headers, is_loopback, is_served
from ocr_server.errors import ForeignHost, StorageFull, TooManyConnections
from ocr_server.metrics import Metrics
from ocr_server.server.channel import Channel
from ocr_server.server.request_parser import PACE, SMALL_BYTES, RequestParser
from ocr_server.web.browser import HEADERS
from ocr_server.web.problems import MEDIA_TYPE, ProblemJson, headers_of, problem_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LAST_BYTES_S = 5.0  # at shutdown, for answers that are being sent
HEADERS_ONLY = "ocr_server.headers_only"  # in the WSGI environment: where the gate's word goes
PROBES = ("/livez", "/readyz")
SPARE_CONNECTIONS = 20  # beyond the limit, for probes while all others are at work
IPV6_NETWORK_BITS = 64  # what one household or server is given

log = logging.getLogger(__name__)

Address: TypeAlias = "tuple[str, int]"
Gate: TypeAlias = "Callable[[WSGIEnvironment], Exception | None]"


class HttpListener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """A listening socket and its connections."""

    metrics: Metrics | None = None
    origins: Collection[str] = ()
    names: Collection[str] | None = None
    """host names that are served; None for any"""
    most_per_address = 0
    peers: dict[Address, Address] | None = None
    """the clients of a TLS front by the front's own addresses; others may not connect then"""
    pace = PACE
    is_draining = False

    def __init__(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401  # waitress's
        """Listen; the arguments are those of waitress's servers."""
        super().__init__(*arguments, **more)
        self.quiet = _Quiet(self)

    def readable(self) -> bool:
        """Whether to look for new connections."""
        return bool(self.accepting)

    def handle_accept(self) -> None:
        """Take a connection."""
        self._accept()

    def look_at_time(self, now_s: float) -> None:
        """End what is too slow or idle for too long."""
        for channel in list(self.active_channels.values()):
            channel.look_at_time(now_s)

    def drain(self) -> None:
        """Take the connections that have come already and no more; end those that are open.

        Uploads are told that the server shuts down. Each connection ends with its next answer, or
        when no request comes. A TLS front may still hand on what it has accepted.
        """
        self.is_draining = True
        if self.peers is None:
            while self._accept():
                pass
            wasyncore.dispatcher.close(self)
        for channel in list(self.active_channels.values()):
            request = channel.request
            if request is None or channel.requests or not request.headers_finished:
                continue
            refusal = request.refusal or channel.why_refused(request)
            if refusal is not None:
                channel.refuse(request, refusal)

    def why_refused(self, request: RequestParser, task: Any) -> Exception | None:  # noqa: ANN401  # waitress's
        """Why a request is refused, as far as its headers tell; `task` would answer it."""
        host = request.headers.get("HOST")
        if host is not None and not is_served(host, self.names):
            return ForeignHost(
                f"This server is not reached as {host[:100]}, but by its address, as localhost or "
                "by the name of its machine. If the name is its own, add it to OCR_HOSTS.",
                setting="OCR_HOSTS",
            )
        is_probe = request.path.rstrip("/").endswith(PROBES)
        if len(self.active_channels) > self.adj.connection_limit and not is_probe:
            return _too_many_connections()
        if request.completed:
            return None
        told: list[Exception | None] = []
        self.application({**task.get_environment(), HEADERS_ONLY: told}, _ignore)
        refusal = next((error for error in told if error is not None), None)
        if refusal is None and not self._has_room(request):
            return StorageFull.of_upload(request.promised_bytes)
        return refusal

    def record_refusal(self, problem: ProblemJson, *, origin: str | None = None) -> dict[str, str]:
        """Log and count a refusal that the application does not see; the headers of its answer."""
        if self.metrics:
            self.metrics.count_request(
                route="-", method="-", status=problem["status"], duration_s=0
            )
            self.metrics.count_refusal(problem["code"])
        told = {"status": problem["status"], "problem_code": problem["code"]}
        log.info("refused", extra=told)
        return {
            "Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **HEADERS,
            **cross_origin_headers(self.origins, origin),
        }  # fmt: skip

    def _accept(self) -> bool:
        """Take a connection, or turn it away; whether there was one."""
        try:
            accepted = self.accept()
        except OSError as error:  # gone again, or there are too many open files
            log.warning("a connection could not be taken: %s", error)
            return False
        if accepted is None:
            return False
        connection, address = accepted
        if self.peers is not None:
            address = self.peers.get(address[:2])
            if address is None:
                connection.close()
                return True
        if self._makes_room(address[0]):
            self.set_socket_options(connection)
            network = network_of(address[0])
            Channel(
                self, connection, address, self.adj,
                map=self._map, pace=self.pace, network=network,
            )  # fmt: skip
        else:
            self._turn_away(connection)
        return True

    def _makes_room(self, address: str) -> bool:
        """Whether there is a place; who has been idle for the longest leaves for a new client."""
        channels = list(self.active_channels.values())
        is_exempt = self.adj.trusted_proxy in {"*", address} or is_loopback(address)
        if self.most_per_address and not is_exempt:
            network = network_of(address)
            own = sum(channel.network == network for channel in channels)
            if own >= self.most_per_address:
                return self.quiet.drop_one(network)
        most: int = self.adj.connection_limit
        if len(channels) >= most and self.quiet.drop_one():
            return True
        return len(channels) < most + SPARE_CONNECTIONS

    def _turn_away(self, connection: socket.socket) -> None:
        error = _too_many_connections()
        problem = problem_of(error)
        body = json.dumps(problem).encode()
        headers = {
            **self.record_refusal(problem), **headers_of(error),
            "Connection": "close", "Content-Length": str(len(body)),
        }  # fmt: skip
        head = [f"HTTP/1.1 {problem['status']} {HTTPStatus(problem['status']).phrase}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with connection, suppress(OSError):
            connection.settimeout(0)
            with suppress(BlockingIOError):
                connection.recv(SMALL_BYTES)  # closed with unread data, it would be reset
            connection.send("\r\n".join([*head, "", ""]).encode() + body)
            connection.shutdown(socket.SHUT_WR)

    def _has_room(self, request: RequestParser) -> bool:
        """Whether a body may be written to the disk: into half of what nobody else was promised.

        So the requests to come always find room, and the body can be copied once.
        """
        wanted_bytes = request.promised_bytes
        if wanted_bytes <= SMALL_BYTES:
            return True
        try:
            free_bytes = shutil.disk_usage(tempfile.gettempdir()).free
        except OSError:  # writing to it will tell
            return True
        uploads = (channel.request for channel in self.active_channels.values())
        promised_bytes = sum(
            other.promised_bytes for other in uploads if other is not None and other is not request
        )
        return bool(wanted_bytes <= (free_bytes - promised_bytes) / 2)


class _Quiet:
    """The connections on which nothing happens unless the peer sends something.

    They wait in an epoll, which stands for all of them in the loop: poll() asks each connection in
    each turn, which is a millisecond for a thousand that are idle.
    """

    accepting = False

    def __init__(self, server: HttpListener) -> None:
        self._server, self._map = server, server._map
        self._epoll = select.epoll()
        self._watched: dict[int, Channel] = {}  # by number, who was heard of last stands last
        self._map[self._epoll.fileno()] = self

    def take(self, channel: Channel) -> None:
        """Wait for data on a quiet connection."""
        self._map.pop(channel.number, None)
        self._watch(channel, select.EPOLLIN)

    def leave(self, channel: Channel) -> None:
        """Have a connection asked in each turn of the loop, as it is quiet no longer."""
        self.forget(channel)
        self._map[channel.number] = channel

    def watch_for_errors(self, channel: Channel) -> None:
        """Learn when the peer resets a connection, though nothing is read from it any more."""
        self._watch(channel, 0)

    def forget(self, channel: Channel) -> None:
        """Wait for nothing on a connection."""
        number = channel.number
        if number in self._watched:
            del self._watched[number]
            self._epoll.unregister(number)

    def drop_one(self, network: str | None = None) -> bool:
        """Close the connection, of a network, that is idle for the longest; whether there was one.

        A thousand clients that come again and again are not compared with a thousand each time.
        """
        for channel in self._watched.values():
            if channel.is_idle and network in {None, channel.network}:
                channel.handle_close()
                return True
        return False

    def readable(self) -> bool:
        """Always, for the loop."""
        return True

    def writable(self) -> bool:
        """Never, for the loop."""
        return False

    def handle_read_event(self) -> None:
        """Read from the connections that have data, and close those that were reset."""
        for number, events in self._epoll.poll(0):
            channel = self._server.active_channels.get(number)
            if channel is None:
                continue
            if not events & select.EPOLLIN:
                channel.handle_close()
                continue
            wasyncore.read(channel)
            if not channel.connected:
                continue
            if channel.is_quiet:
                self._watched[number] = self._watched.pop(number)
            else:
                self.leave(channel)

    def close(self) -> None:
        """Close all connections that wait here."""
        for channel in list(self._server.active_channels.values()):
            channel.close()
        self._epoll.close()

    def _watch(self, channel: Channel, events: int) -> None:
        number = channel.number
        assert number is not None  # noqa: S101  # it is open
        if self._watched.pop(number, None):
            self._epoll.modify(number, events)
        else:
            self._epoll.register(number, events)
        self._watched[number] = channel


def network_of(address: str) -> str:
    """What is counted as one address: with IPv6 the network of 64 bits, which one client has."""
    try:
        number = ip_address(address)
    except ValueError:
        return address
    if isinstance(number, IPv6Address) and not number.is_loopback:
        low_bits = number.max_prefixlen - IPV6_NETWORK_BITS
        return str(IPv6Address(int(number) >> low_bits << low_bits))
    return address


def _too_many_connections() -> TooManyConnections:
    return TooManyConnections(
        "Too many connections are open from this address, or in all. Close some, or raise "
        "OCR_MAX_CONNECTIONS_PER_ADDRESS.",
        retry_after_s=1,
        setting="OCR_MAX_CONNECTIONS_PER_ADDRESS",
    )


def _ignore(*_: object) -> Callable[[bytes], object]:
    """What the gate is given to begin an answer with."""
    return lambda _: None
