"""What is wrong with a request: all faults are collected before it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ocr_server.bounds import Bounds
from ocr_server.errors import BodyTooLarge, InvalidOptions

MOST_FAULTS = 200  # that are kept; who is told of the first ones knows enough
LONGEST_FIELD_CHARS = 100


class Faults(list[dict[str, str]]):
    """What is wrong with a request, in the order in which it is found; only the first are kept."""

    def append(self, fault: dict[str, str]) -> None:
        """Add a fault."""
        if len(self) < MOST_FAULTS:
            super().append(fault)

    def extend(self, faults: Iterable[dict[str, str]]) -> None:
        """Add faults; after `MOST_FAULTS` no more are looked for."""
        super().extend(islice(faults, MOST_FAULTS - len(self)))


def check(faults: list[dict[str, str]]) -> None:
    """Do nothing if there are no faults.

    Raises:
        InvalidOptions: there are some; the message has all, or the first of many.
    """
    if faults:
        message = joined_faults((fault["field"], fault["message"]) for fault in faults)
        raise InvalidOptions(f"Not understood: {message}", faults=faults)


def are_told(faults: Iterable[dict[str, str]], *fields: str) -> bool:
    """Whether there is a fault of any of these fields."""
    return any(fault["field"] in fields for fault in faults)


def joined_faults(faults: Iterable[tuple[str, str]]) -> str:
    """All fields and what is wrong with them, as one text; some messages are sentences already."""
    return " ".join(f"{field}: {message.rstrip('.')}." for field, message in faults)


def fault_of(field: str, message: str) -> dict[str, str]:
    """What is wrong with a field; a part of a form may come without a name."""
    field = field or ""
    if len(field) > LONGEST_FIELD_CHARS:
        field = f"{field[:LONGEST_FIELD_CHARS]}…"
    return {"field": field, "message": message}


def take_number(texts: dict[str, str], name: str, bounds: Bounds, faults: Faults) -> float | None:
    """A number among the texts, which it is taken out of; None if it is not there."""
    text = texts.pop(name, "").strip()
    if not text:
        return None
    try:
        return bounds.parse(text)
    except ValueError as error:
        faults.append(fault_of(name, str(error)))
        return None


def body_too_large(limit: int, setting: str = "OCR_MAX_BODY_BYTES") -> BodyTooLarge:
    """The error of a request with more than `limit` bytes, which the setting allows."""
    return BodyTooLarge(
        f"The request has more than {limit} bytes ({limit / 2**20:.3g} MiB). Send a smaller file, "
        f"or raise {setting}.",
        limit=limit,
        setting=setting,
    )
