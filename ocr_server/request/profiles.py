"""Profiles: an operator's files, each for one kind of picture, and those that are built in.

A profile is options and fields under one name. All files are read at the start; the error has all
their faults.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from ocr_server.bounds import box_of
from ocr_server.document.json_schema import faults_of, path_of, refuse
from ocr_server.errors import SettingsError
from ocr_server.extraction.finders import FINDERS, TEXT
from ocr_server.job import FieldSpec, Framing
from ocr_server.request.options import OPTIONS, Option
from ocr_server.request.specs import (
    STRICT,
    FieldModel,
    Percent,
    Sides,
    Zones,
    check_names,
    check_pattern,
    checked_by,
    choice_of,
)

BUILT_IN = Path(__file__).parent.parent / "profiles"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of picture; `options` are parsed values under the names of the API."""

    name: str
    meaning: str
    options: Mapping[str, Any]  # each option has a type of its own
    framing: Framing
    finder: str
    fields: tuple[FieldSpec, ...]


class ProfileFieldModel(FieldModel):
    """A field of an operator's file, who may write regular expressions."""

    pattern: Annotated[str, checked_by(check_pattern)] | None = None


class ProfileModel(BaseModel):
    """The members of a file beside the options that it may decide."""

    model_config = STRICT

    meaning: str = ""
    finder: Annotated[str, choice_of(FINDERS)] = TEXT
    rotation_deg: Annotated[float, Field(ge=-360, le=360)] = 0.0
    crop: Sides | None = None
    crop_percent: Percent | None = None
    zones: Zones | None = None
    fields: Annotated[dict[str, ProfileFieldModel], AfterValidator(check_names)] = {}

    @model_validator(mode="after")
    def _has_one_crop(self) -> ProfileModel:
        if self.crop and self.crop_percent:
            refuse([(("crop_percent",), "stands beside crop; one of them is enough")])
        return self

    def profile(self, name: str) -> Profile:
        """The profile that this describes."""
        options = {
            option: OPTIONS[option].parse(_written(getattr(self, option)))
            for option in self.model_fields_set & OPTIONS.keys() - {"zones", "fields"}
        }
        if self.zones:
            options["zones"] = tuple(zone.spec() for zone in self.zones)
        crop = self.crop_percent or self.crop
        return Profile(
            name=name,
            meaning=self.meaning,
            options=options,
            framing=Framing(
                rotation_deg=self.rotation_deg,
                crop=box_of(crop) if crop else None,
                crop_is_percent=self.crop_percent is not None,
            ),
            finder=self.finder,
            fields=tuple(
                field.spec(name, pattern=field.pattern) for name, field in self.fields.items()
            ),
        )


def load_profiles(folder: str) -> dict[str, Profile]:
    """The built-in profiles and those of a folder, which replace built-in ones of their names.

    Raises:
        SettingsError: the folder cannot be read, or files have faults; the message has them all.
    """
    paths = sorted(BUILT_IN.glob("*.toml"))
    if folder:
        if not Path(folder).is_dir():
            raise SettingsError(f"OCR_PROFILES={folder!r} is not a folder.")
        paths += sorted(Path(folder).glob("*.toml"))
    found, messages = {}, []
    for path in paths:
        faults: list[dict[str, str]] = []
        profile = _load(path, faults)
        messages += [
            f"{path.name}: {one['field'] or 'it'} {one['message'].rstrip('.')}." for one in faults
        ]
        if profile:
            found[path.stem] = profile
    if messages:
        raise SettingsError("Profiles are not understood. " + " ".join(messages))
    return dict(sorted(found.items()))


def _load(path: Path, faults: list[dict[str, str]]) -> Profile | None:
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.append({"field": "", "message": f"cannot be read: {error}"})
        return None
    if not NAME.fullmatch(path.stem):
        wanted = "needs a name of small letters, digits, - and _"
        faults.append({"field": "", "message": wanted})
    try:
        model: ProfileModel | None = _model().model_validate(value)
    except ValidationError as error:
        faults += faults_of(error, _model().model_json_schema())
        model = None
    faults += _names_nobody_finds(value)
    return model.profile(path.stem) if model else None


@cache
def _model() -> type[ProfileModel]:
    """`ProfileModel` with the options that a profile may decide."""

    def checked(option: Option) -> object:
        return Annotated[Any, checked_by(lambda value: option.parse(_written(value)))]

    options: dict[str, Any] = {
        name: (checked(option), None) for name, option in OPTIONS.items() if option.in_profiles
    }
    return create_model("ProfileFile", __base__=ProfileModel, **options)


def _written(value: object) -> str:
    """The value as the API takes it; lists may be written as lists."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _names_nobody_finds(value: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """A fault for each field that its finder does not know, or whose zone is none of the file's."""
    fields, zones = value.get("fields"), value.get("zones") or []
    if not isinstance(fields, dict) or not isinstance(zones, list):
        return
    finder = value.get("finder", TEXT)
    known = FINDERS[finder].names if isinstance(finder, str) and finder in FINDERS else ()
    there = [zone.get("name") for zone in zones if isinstance(zone, dict)]
    for name, field in fields.items():
        if known and name not in known:
            message = f"is not known to the finder {finder}; it has {', '.join(known)}"
            yield {"field": path_of(("fields", name)), "message": message}
        zone = field.get("zone") if isinstance(field, dict) else None
        if zone is not None and zone not in there:
            path = path_of(("fields", name, "zone"))
            yield {"field": path, "message": f"is {zone!r}; there is no such zone"}
