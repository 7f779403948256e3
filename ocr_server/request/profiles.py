"""Profiles: an operator's files, each for one kind of picture, and those that are built in.

A profile is options and fields under one name. All files are read at the start, and all their
faults are told at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ocr_server.document.cursor import Cursor, Faults
from ocr_server.errors import SettingsError
from ocr_server.extraction.finders import FINDERS, TEXT
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec, Framing
from ocr_server.request import parsing
from ocr_server.request.fields import read_fields

T = TypeVar("T")

BUILT_IN = Path(__file__).parent.parent / "profiles"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
# Those options that a kind of picture decides; what the answer looks like, the caller does.
_OPTIONS: Mapping[str, Callable[[str], Any]] = {  # each option has a type of its own
    "languages": parsing.parse_languages,
    "engine": parsing.parse_engine,
    "steps": parsing.parse_steps,
    "layout": parsing.parse_layout,
    "alphabet": parsing.parse_alphabet,
    "min_confidence": parsing.number(0, 1),
    "dpi": parsing.number(1, 10_000),
    "text_layer": parsing.parse_text_layer,
}
_MEMBERS = ("meaning", "finder", "rotation_deg", "crop", "crop_percent", "zones", "fields")


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of picture; `options` are parsed values under the names of the API."""

    name: str
    meaning: str
    options: Mapping[str, Any]  # each option has a type of its own
    framing: Framing
    finder: str
    fields: tuple[FieldSpec, ...]


def load_profiles(folder: str) -> dict[str, Profile]:
    """The built-in profiles and those of a folder, which come first where names are the same.

    Raises:
        SettingsError: the folder cannot be read, or files have faults; the message has them all.
    """
    paths = sorted(BUILT_IN.glob("*.toml"))
    if folder:
        if not Path(folder).is_dir():
            raise SettingsError(f"OCR_PROFILES={folder!r} is not a folder.")
        paths += sorted(Path(folder).glob("*.toml"))
    found, said = {}, []
    for path in paths:
        faults = Faults()
        profile = _load(path, faults)
        said += [
            f"{path.name}: {one['field'] or 'it'} {one['message'].rstrip('.')}."
            for one in faults.found
        ]
        found[profile.name] = profile
    if said:
        raise SettingsError("Profiles are not understood. " + " ".join(said))
    return dict(sorted(found.items()))


def _load(path: Path, faults: Faults) -> Profile:
    try:
        value: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.add("", f"cannot be read: {error}")
        value = {}
    if not NAME.fullmatch(path.stem):
        faults.add("", "needs a name of small letters, digits, - and _")
    at = Cursor(value, "", faults)
    at.only(*_MEMBERS, *_OPTIONS)
    meaning, finder, zones, fields = (
        at.member(name) for name in ("meaning", "finder", "zones", "fields")
    )
    options = {
        name: parsed
        for name, parse in _OPTIONS.items()
        if (given := at.member(name)) and (parsed := _parsed(given, parse)) is not None
    }
    if zones:
        parsed_zones = _attempt(zones, lambda: parsing.zones_from(zones.value))
        options |= {"zones": parsed_zones} if parsed_zones else {}
    profile = Profile(
        name=path.stem,
        meaning=meaning.text() if meaning else "",
        options=options,
        framing=_framing(at),
        finder=_finder(finder) if finder else TEXT,
        fields=read_fields(fields, may_have_patterns=True) if fields else (),
    )
    _check_names(profile, at)
    return profile


def _framing(at: Cursor) -> Framing:
    rotation, crop, percent = (at.member(name) for name in ("rotation_deg", "crop", "crop_percent"))
    if crop and percent:
        percent.fault("stands beside crop; one of them is enough")
    given = percent or crop
    return Framing(
        rotation_deg=rotation.number(-360, 360) if rotation else 0.0,
        crop=_box(given, 100 if percent else 1_000_000) if given else None,
        crop_is_percent=bool(percent),
    )


def _box(at: Cursor, most: float) -> Box | None:
    sides = [side.number(0, most) for side in at.items()]
    if len(sides) == 4 and sides[0] < sides[2] and sides[1] < sides[3]:
        return Box(*sides)
    at.fault("needs left, top, right and bottom, none inside out")
    return None


def _finder(at: Cursor) -> str:
    name = at.text()
    if name not in FINDERS:
        at.fault(f"is no finder; there are {', '.join(FINDERS)}")
        return TEXT
    return name


def _check_names(profile: Profile, at: Cursor) -> None:
    """Say which fields nobody would find."""
    known = FINDERS[profile.finder].names
    zones = [zone.name for zone in profile.options.get("zones", ())]
    for field in profile.fields:
        here = at.member("fields").member(field.name)
        if known and field.name not in known:
            here.fault(f"is not known to the finder {profile.finder}; it has {', '.join(known)}")
        if field.zone is not None and field.zone not in zones:
            here.member("zone").fault(f"is {field.zone!r}; there is no such zone")


def _parsed(at: Cursor, parse: Callable[[str], T]) -> T | None:
    """The value as the API would take it; lists may be written as lists."""
    value = at.value
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return _attempt(at, lambda: parse(text))


def _attempt(at: Cursor, parse: Callable[[], T]) -> T | None:
    try:
        return parse()
    except ValueError as error:
        at.fault(f"is not understood: {error}")
        return None
