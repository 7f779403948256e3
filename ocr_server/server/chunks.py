"""Bodies sent in chunks, decoded strictly: what two servers could read differently is refused.

Source: RFC 9112, section 7.1 (chunked transfer coding).
"""

from __future__ import annotations

import re
from typing import IO, Any

from waitress.utilities import BadRequest

MOST_LINE_BYTES = 4096
MOST_TRAILER_BYTES = 16 * 1024
# Each chunk costs as much time as some hundred bytes: a few small ones are a client's pauses, many
# of them are an attack.
MOST_SMALL_CHUNKS, LEAST_CHUNK_BYTES = 1000, 16
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class ChunkedBody:
    """Decodes chunks into a buffer of waitress's; trailers are dropped."""

    def __init__(self, buffer: Any) -> None:  # noqa: ANN401  # waitress has no types
        self._buffer = buffer
        self._left_bytes = 0  # of the chunk
        self._line = b""  # the beginning of a line
        self._read_line = self._read_size
        self._chunks = self._trailer_bytes = 0
        self.completed = False
        self.error: BadRequest | None = None

    def __len__(self) -> int:
        """Bytes decoded so far."""
        return len(self._buffer)

    def getfile(self) -> IO[bytes]:
        """The decoded body."""
        file: IO[bytes] = self._buffer.getfile()
        return file

    def getbuf(self) -> Any:  # noqa: ANN401  # waitress has no types
        """The buffer."""
        return self._buffer

    def received(self, data: bytes) -> int:
        """Decode data; how many bytes of it belong to this body.

        Raises:
            OSError: the disk is full.
        """
        position = 0
        while position < len(data) and not (self.completed or self.error):
            if self._left_bytes:
                piece = data[position : position + self._left_bytes]
                self._buffer.append(piece)
                self._left_bytes -= len(piece)
                position += len(piece)
            else:
                position = self._take_line(data, position)
        return position

    def _take_line(self, data: bytes, begin: int) -> int:
        end = data.find(b"\n", begin) + 1 or len(data)
        self._line += data[begin:end]
        if len(self._line) > MOST_LINE_BYTES:
            self._refuse("a line is too long")
        elif self._line.endswith(b"\n"):
            line, self._line = self._line, b""
            if line.endswith(b"\r\n"):
                self._read_line(line[:-2])
            else:
                self._refuse("a line ends in LF without CR")
        return end

    def _read_size(self, line: bytes) -> None:
        match = _SIZE.fullmatch(line)
        if match is None:
            self._refuse("a size is not understood")
            return
        self._left_bytes = int(match[1], 16)
        self._read_line = self._read_end if self._left_bytes else self._read_trailer
        self._chunks += 1
        if self._chunks > MOST_SMALL_CHUNKS and len(self) < self._chunks * LEAST_CHUNK_BYTES:
            self._refuse(f"they have less than {LEAST_CHUNK_BYTES} bytes on average")

    def _read_end(self, line: bytes) -> None:
        if line:
            self._refuse("one is longer than it says")
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if not line:
            self.completed = True
        elif self._trailer_bytes > MOST_TRAILER_BYTES or not _TRAILER.fullmatch(line):
            self._refuse("a trailer is not understood or too long")

    def _refuse(self, why: str) -> None:
        self.error = BadRequest(f"The chunks of the body cannot be read: {why}.")
