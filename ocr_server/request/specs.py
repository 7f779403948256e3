"""Zones and fields as a request's JSON or a profile's TOML describes them.

A member that is not known or of another kind is a fault; the error has all faults, each with its
path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ocr_server.bounds import box_of, quad_of, with_closest
from ocr_server.document.characters import CODE_LOOK_ALIKES
from ocr_server.document.json_schema import Fault, faults_of, refuse
from ocr_server.extraction.check_digits import CHECKS
from ocr_server.extraction.validation import parse_mask
from ocr_server.job import FieldSpec, Framing, ZoneSpec
from ocr_server.request.parsing import listed, parse_alphabet, parse_layout

MOST_ZONES, MOST_FIELDS, MOST_WORDS, MOST_CONFUSIONS, LONGEST_NAME = 100, 100, 20, 40, 64
MOST_VALUES = 10_000
USUAL = "usual"
ZONES_EXAMPLE = '[{"box": [0, 0, 100, 50]}]'
CORNERS_EXAMPLE = "[[0, 0], [100, 0], [100, 50], [0, 50]]"
FIELDS_EXAMPLE = '{"lot": {"after": ["LOT"]}}'
STRICT = ConfigDict(strict=True, extra="forbid")

T = TypeVar("T")


def checked_by(check: Callable[[T], object]) -> AfterValidator:
    """A value that is kept as it is if `check` takes it; else its ValueError is the fault."""

    def validate(value: T) -> T:
        try:
            check(value)
        except ValueError as error:
            refuse([((), f"is not understood: {error}")])
        return value

    return AfterValidator(validate)


def choice_of(words: Mapping[str, object]) -> AfterValidator:
    """One of some words."""

    def check(word: str) -> None:
        if word not in words:
            how = f"use {listed(words)}"
            raise ValueError(with_closest(how, [word], words))

    return checked_by(check)


def _check_words(words: list[str]) -> None:
    if len(words) > MOST_WORDS or not all(any(map(str.isalnum, word)) for word in words):
        raise ValueError(f"use at most {MOST_WORDS} words, each with a letter or digit")


def _check_values(values: list[str]) -> None:
    if not 0 < len(values) <= MOST_VALUES or not all(
        0 < len(one) <= LONGEST_NAME for one in values
    ):
        raise ValueError(f"use 1 to {MOST_VALUES} texts of at most {LONGEST_NAME} characters")


def _check_confusions(pairs: Mapping[str, str]) -> None:
    if not 0 < len(pairs) <= MOST_CONFUSIONS or not all(map(_is_confusion, pairs, pairs.values())):
        raise ValueError(
            f'use "{USUAL}", or letters and the digits they are mistaken for: {{"O": "0"}}'
        )


def _is_confusion(letter: str, digit: str) -> bool:
    return (
        len(letter) == 1 and not letter.isdigit()
        and len(digit) == 1 and digit.isascii() and digit.isdigit()
    )  # fmt: skip


def check_pattern(text: str) -> None:
    """A regular expression.

    Raises:
        ValueError: it is none.
    """
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no regular expression: {error}") from None


def check_names(fields: dict[str, T]) -> dict[str, T]:
    """The fields, if there are not too many and each has a printable name."""
    faults: list[Fault] = [
        ((name,), f"needs a name of at most {LONGEST_NAME} printable characters")
        for name in fields
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable()
    ]
    if len(fields) > MOST_FIELDS:
        faults = [((), f"has {len(fields)} fields; {MOST_FIELDS} are the most")]
    refuse(faults)
    return fields


def _as_text(layout: object) -> object:
    """A page segmentation mode may be written as the number that it is."""
    return str(layout) if type(layout) is int else layout


def _usual(confusions: object) -> object:
    return dict(CODE_LOOK_ALIKES) if confusions == USUAL else confusions


Confusions: TypeAlias = Annotated[
    dict[str, str], BeforeValidator(_usual), checked_by(_check_confusions)
]
Sides: TypeAlias = Annotated[list[float], checked_by(box_of)]
Percent: TypeAlias = Annotated[list[float], checked_by(lambda sides: box_of(sides, most=100))]


class ZoneModel(BaseModel):
    """A rectangle to read."""

    model_config = STRICT

    box: Sides | None = None
    box_percent: Percent | None = None
    name: str | None = None
    layout: Annotated[str, BeforeValidator(_as_text), checked_by(parse_layout)] | None = None
    alphabet: Annotated[str, checked_by(parse_alphabet)] | None = None

    @model_validator(mode="after")
    def _has_a_place(self) -> ZoneModel:
        if self.box is None and self.box_percent is None:
            refuse([((), "needs a box of left, top, right and bottom in pixels, or a box_percent")])
        if self.box is not None and self.box_percent is not None:
            refuse([((), "has both box and box_percent; give one of them")])
        return self

    def spec(self) -> ZoneSpec:
        """The zone that this describes."""
        is_percent = self.box is None
        return ZoneSpec(
            box=box_of(self.box_percent if is_percent else self.box),
            name=self.name,
            psm=None if self.layout is None else parse_layout(self.layout),
            alphabet=self.alphabet,
            is_percent=is_percent,
        )


class FieldModel(BaseModel):
    """A value to look for, and the rules that it has to keep."""

    model_config = STRICT

    zone: str | None = None
    after: Annotated[list[str], checked_by(_check_words)] | None = None
    mask: Annotated[str, checked_by(parse_mask)] | None = None
    map: Confusions | None = None
    one_of: Annotated[list[str], checked_by(_check_values)] | None = None
    check: Annotated[str, choice_of(CHECKS)] | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None

    def spec(self, name: str, *, pattern: str | None = None) -> FieldSpec:
        """The field that this describes."""
        return FieldSpec(
            name=name,
            zone=self.zone,
            after=tuple(self.after or ()),
            mask=self.mask,
            character_map=tuple((self.map or {}).items()),
            one_of=tuple(self.one_of or ()),
            check=self.check,
            pattern=pattern,
            min_confidence=self.min_confidence or 0.0,
        )


Zones: TypeAlias = Annotated[list[ZoneModel], Field(min_length=1, max_length=MOST_ZONES)]
Fields: TypeAlias = Annotated[dict[str, FieldModel], AfterValidator(check_names)]
_ZONES: TypeAdapter[list[ZoneModel]] = TypeAdapter(Zones)
_FIELDS: TypeAdapter[dict[str, FieldModel]] = TypeAdapter(Fields)


def parse_zones(text: str) -> tuple[ZoneSpec, ...]:
    """Rectangles as JSON: `[{"box": [left, top, right, bottom], "name": …, "layout": …}]`."""
    return tuple(zone.spec() for zone in _from_json(text, _ZONES, ZONES_EXAMPLE))


def parse_fields(text: str) -> tuple[FieldSpec, ...]:
    """Fields as JSON: `{"lot": {"after": ["LOT"], "mask": "AA-9999"}}`; patterns are not taken.

    A regular expression of a stranger's may take for ever.
    """
    return tuple(
        field.spec(name) for name, field in _from_json(text, _FIELDS, FIELDS_EXAMPLE).items()
    )


def parse_corners(text: str) -> Framing:
    """Four corners of what is read as JSON: `[[x, y], …]`."""
    try:
        return Framing(corners=quad_of(json.loads(text)))
    except (ValueError, RecursionError) as error:
        is_json = not isinstance(error, json.JSONDecodeError | RecursionError)
        reason = str(error) if is_json else "this is not JSON"
        raise ValueError(f"{reason}; such as {CORNERS_EXAMPLE}") from None


def _from_json(text: str, adapter: TypeAdapter[T], example: str) -> T:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"this is not JSON; use JSON such as {example}") from None
    if type(value) is not type(json.loads(example)):
        raise ValueError(
            f"a list is expected, such as {example}"
            if example.startswith("[")
            else f"an object is expected, such as {example}"
        )
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        faults = faults_of(error, adapter.json_schema())
        messages = (f"{fault['field'] or 'it'} {fault['message']}." for fault in faults)
        raise ValueError(" ".join(messages)) from None
