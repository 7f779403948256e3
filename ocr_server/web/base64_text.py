"""Base64 in pieces, in all the ways that programs write it, so that no file is in memory whole."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import chain

_STANDARD_ALPHABET, _BLANKS = bytes.maketrans(b"-_", b"+/"), b" \t\r\n\v\f"
# What addresses escape of base64 and data URLs.
_ESCAPES = {
    b"%" + digits: bytes([int(digits, 16)])
    for code in (b"2B", b"2F", b"3D", b"2C", b"3A", b"3B", b"0A", b"0D", b"20")
    for digits in (code, code.lower())
}
_CUT_ESCAPE = re.compile(rb"%[\da-fA-F]?\Z")
_PADDING = b"="
_MOST_LEFT = 8  # letters and padding behind the last group of four


def decode_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes that a text of base64 stands for, with or without a data URL's head (RFC 2397).

    It may be of the URL-safe alphabet (RFC 4648, section 5), escaped for an address (`%2B`), and
    without its padding. The head stands in the first piece.

    Raises:
        ValueError: it is neither; the message is for the client.
    """
    texts = _unescaped(pieces)
    first = next(texts, b"")
    head, _, rest = first.partition(b",")
    if head[:5].lower() == b"data:":
        if not head.lower().endswith(b";base64"):
            raise ValueError("a data URL must be base64")
        first = rest
    elif head[:8].lower().startswith((b"http://", b"https://")):
        raise ValueError("addresses are not fetched; send the picture itself, as base64")
    letters = (text.translate(_STANDARD_ALPHABET, _BLANKS) for text in chain([first], texts))
    try:
        yield from _decoded(letters)
    except ValueError:
        raise ValueError("this is not base64") from None


def _decoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for piece in pieces:
        left += piece
        padding = left.find(_PADDING)
        whole = (len(left) if padding < 0 else padding) // 4 * 4
        yield binascii.a2b_base64(left[:whole], strict_mode=True)
        left = left[whole:]
        if len(left) > _MOST_LEFT:
            raise ValueError
    yield base64.b64decode(left + _PADDING * (-len(left) % 4), validate=True)


def _unescaped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces without an address's escapes, each of which may be cut by the end of a piece."""
    cut = b""
    for piece in pieces:
        text = cut + piece
        if b"%" not in text:
            cut = b""
        else:
            match = _CUT_ESCAPE.search(text, max(0, len(text) - 2))
            cut = match[0] if match else b""
            text = text[: len(text) - len(cut)]
            for escape, letter in _ESCAPES.items():
                text = text.replace(escape, letter)
        yield text
    if cut:
        yield cut
