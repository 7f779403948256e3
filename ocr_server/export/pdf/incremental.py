"""What changed in a PDF, appended to the file as it was sent: an incremental update.

Not a byte of the file is written anew, so that its signatures still hold for what they signed.
QPDF cannot write so. It keeps the numbers of objects, though, which are compared here with those
of the file. The update has its cross-references in the form that the file has, table or stream.

PDFium's FPDF_INCREMENTAL writes every object once more, pictures too, and a verifier finds no
revision of its own in that; pypdf's incremental writer would be a second library that has to read
the file, with a text layer of its own.

Source: ISO 32000-1, 7.5.4 (cross-reference table), 7.5.6 (incremental updates), 7.5.8
(cross-reference streams); ISO 19005-2, 6.1 (line ends that PDF/A wants).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pikepdf
from pikepdf import Dictionary, Name, Object

_TAIL_BYTES = 2048  # the end of a file stands in its last 1024 bytes, for readers that are lenient
_SHORTEST_PRESSED = 100  # bytes; less does not get smaller by compression
_OFFSET_BYTES = 8  # in a cross-reference stream
_MOST_IN_A_TABLE = 10**10  # an offset has ten digits there


class CannotAppend(Exception):
    """The file does not allow an update; the message says why, as the end of a sentence."""


def append_changes(pdf: pikepdf.Pdf, original: Path, result: Path) -> None:
    """Write the file with what differs in `pdf`, which was opened from it.

    Raises:
        CannotAppend: the file is encrypted, or its cross-references are damaged.
    """
    if pdf.is_encrypted:
        raise CannotAppend("it is encrypted")
    # Opened as usual, pages get copies of what they inherit, in objects that the file lacks.
    with pikepdf.open(original, inherit_page_attributes=False) as before:
        changed = _changed_objects(pdf, before)
    shutil.copyfile(original, result)
    with result.open("r+b") as file:
        previous, has_table = _last_cross_references(file)
        file.seek(0, 2)
        file.write(b"\n")
        offsets = {}
        for (number, generation), body in changed:
            offsets[number] = (file.tell(), generation)
            file.write(b"%d %d obj\n%b\nendobj\n" % (number, generation, body))
        place = file.tell()
        trailer = _trailer(pdf, previous, b"".join(body for _, body in changed))
        size = max(int(pdf.trailer.Size), max(offsets) + 1)
        if has_table and place < _MOST_IN_A_TABLE:
            trailer.Size = size
            file.write(b"xref\n%btrailer\n%b\n" % (_table(offsets), trailer.unparse()))
        else:
            trailer.Size = size + 1
            references = _stream_of_references(offsets | {size: (place, 0)}, trailer)
            file.write(b"%d 0 obj\n%b\nendobj\n" % (size, references))
        file.write(b"startxref\n%d\n%%%%EOF\n" % place)
    # The file may be damaged in other ways than are looked for.
    with pikepdf.open(result, inherit_page_attributes=False) as after:
        if changed != [(key, _written(after.get_object(key))) for key, _ in changed]:
            raise CannotAppend("its cross-references are damaged")


def _last_cross_references(file: BinaryIO) -> tuple[int, bool]:
    """Where the last cross-references stand in the file, and whether they are a table."""
    if file.read(5) != b"%PDF-":
        raise CannotAppend("something stands before its header")
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL_BYTES))
    found = re.findall(rb"startxref\s+(\d+)", file.read())
    place = int(found[-1]) if found else size
    file.seek(min(place, size))
    head = file.read(32)
    if not re.match(rb"xref\b|\d+\s+\d+\s+obj\b", head):
        raise CannotAppend("its cross-references are damaged")
    return place, head.startswith(b"xref")


def _changed_objects(pdf: pikepdf.Pdf, before: pikepdf.Pdf) -> list[tuple[tuple[int, int], bytes]]:
    """The objects that are not in `before`, or not so, by number and generation, as written."""
    # Numbers come out as Python's own, against their annotation; nobody changes them.
    objects: Iterable[object] = pdf.objects
    return [
        (found.objgen, _written(found))
        for found in objects
        if isinstance(found, Object)
        and _content(found) != _content(before.get_object(found.objgen))
    ]


def _content(found: Object | None) -> tuple[bytes, bytes]:
    """What an object is, and the data of a stream, undecoded; empty without an object."""
    if found is None:
        return b"", b""
    if isinstance(found, pikepdf.Stream):
        return found.stream_dict.unparse(), found.read_raw_bytes()
    return found.unparse(resolved=True), b""


def _written(found: Object) -> bytes:
    if not isinstance(found, pikepdf.Stream):
        return found.unparse(resolved=True)
    head, data = Dictionary(dict(found.stream_dict.items())), found.read_raw_bytes()
    # PDF/A-1 wants metadata that can be read without decoding.
    is_plain = "/Filter" not in head and head.get("/Type") != Name.Metadata
    if is_plain and len(data) >= _SHORTEST_PRESSED:
        data = zlib.compress(data)
        head.Filter = Name.FlateDecode
    return _stream(head, data)


def _stream(head: Dictionary, data: bytes) -> bytes:
    head.Length = len(data)
    return b"%b\nstream\n%b\nendstream" % (head.unparse(), data)


def _trailer(pdf: pikepdf.Pdf, previous: int, update: bytes) -> Dictionary:
    """The new trailer, but for its size, with a new second half of the file's identifier."""
    kept = {key: pdf.trailer[key] for key in ("/Root", "/Info") if key in pdf.trailer}
    trailer = Dictionary(kept)
    identity = hashlib.md5(update, usedforsecurity=False).digest()
    old = list(pdf.trailer.get("/ID", pikepdf.Array()))
    first = bytes(old[0]) if old else identity
    trailer.ID = pikepdf.Array([pikepdf.String(first), pikepdf.String(identity)])
    trailer.Prev = previous
    return trailer


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the count of the numbers that follow one another; they are in order."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    for start, end in zip(starts, ends, strict=True):
        yield start, end - start + 1


def _table(offsets: dict[int, tuple[int, int]]) -> bytes:
    lines = []
    for first, count in _runs(sorted(offsets)):
        lines.append(b"%d %d\n" % (first, count))
        lines += [b"%010d %05d n\r\n" % offsets[number] for number in range(first, first + count)]
    return b"".join(lines)


def _stream_of_references(offsets: dict[int, tuple[int, int]], trailer: Dictionary) -> bytes:
    numbers = sorted(offsets)
    trailer.Type = Name.XRef
    trailer.W = pikepdf.Array([1, _OFFSET_BYTES, 2])
    trailer.Index = pikepdf.Array([value for run in _runs(numbers) for value in run])
    rows = (
        b"\1" + offset.to_bytes(_OFFSET_BYTES) + generation.to_bytes(2)
        for offset, generation in (offsets[number] for number in numbers)
    )
    return _stream(trailer, b"".join(rows))
