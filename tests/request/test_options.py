from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ocr_server import bounds
from ocr_server.document.model import EngineInfo
from ocr_server.errors import (
    BodyTooLarge,
    EngineMissing,
    EngineUnavailable,
    InvalidOptions,
    LanguageMissing,
    SettingsError,
)
from ocr_server.job import Source
from ocr_server.request.build import (
    MOST_COMPARED,
    ParsedRequest,
    build_job,
    build_rendering_job,
    parse_options,
)
from ocr_server.request.faults import MOST_FAULTS, Faults
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.request.parsing import LONGEST_WORD, MOST_WORDS, read_words
from ocr_server.request.profiles import Profile, load_profiles
from ocr_server.service import Service
from ocr_server.settings import Settings

SOURCES = (Source(Path("picture"), 7),)


@dataclass(frozen=True)
class Here:
    """A server whose engines have two languages, but for one that is missing."""

    settings: Settings
    profiles: Mapping[str, Profile]
    words: str = ""
    missing: str = ""

    def engine_named(self, name: str) -> EngineInfo:
        if name == self.missing:
            raise EngineMissing("It is not installed.")
        return EngineInfo(name, "1", ("eng", "deu"))


HERE = Here(Settings(timeout_s=1_000_000), load_profiles(""))


def build(texts: Mapping[str, str] | None = None, here: Here = HERE) -> ParsedRequest:
    return build_job(texts or {}, SOURCES, here)


def comparable(request: ParsedRequest) -> Any:  # noqa: ANN401  # whatever it consists of
    """The request without the time at which it was made."""
    allowed_s = request.job.deadline.allowed_s
    return allowed_s, replace(request, job=replace(request.job, deadline=None))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_is_taken_changes_what_is_done(name: str) -> None:
    """Whoever adds an option to the table and nowhere else is told so here."""
    request = build({name: OPTIONS[name].kind.example})

    assert comparable(request) != comparable(build()), f"{name} is taken, and then ignored"


@pytest.mark.parametrize("name", RENDERING_OPTIONS)
def test_an_option_of_rendering_changes_the_answer(name: str) -> None:
    def render(texts: dict[str, str]) -> ParsedRequest:
        values = parse_options(texts, [])
        return build_rendering_job(values, SOURCES, settings=HERE.settings, formats=("json",))

    request = render({name: OPTIONS[name].kind.example})

    assert comparable(request) != comparable(render({})), f"{name} is taken, and then ignored"


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.sets])
def test_an_option_sets_a_member_that_is_there(name: str) -> None:
    sets = OPTIONS[name].sets
    assert sets is not None
    owner, member = sets

    assert member in {field.name for field in fields(owner)}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_says_what_holds_without_it(name: str) -> None:
    option = OPTIONS[name]

    assert option.default
    if option.otherwise is None:
        written = option.default.strip("`")
        assert comparable(build({name: written})) == comparable(build())


def test_what_is_not_given_is_as_the_settings_say() -> None:
    here = replace(HERE, settings=Settings(languages=("deu",), engine="rapidocr", pdf_dpi=200))

    job = build(here=here).job

    assert (job.options.languages, job.options.engine) == (("deu",), "rapidocr")
    assert job.limits.pdf_dpi == 200


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidOptions) as caught:
        build_job(
            {"dpi": "many", "colour": "red", "profile": "none"}, (Source(Path("nothing"), 0),), HERE
        )

    faults = caught.value.extra["faults"]
    assert isinstance(faults, list)
    assert [fault["field"] for fault in faults if isinstance(fault, dict)] == [
        "file", "dpi", "colour", "profile",
    ]  # fmt: skip


def test_what_was_meant_is_told_of_the_first_misspelt_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = Faults()
    compare = Mock(return_value=[])
    monkeypatch.setattr(bounds, "get_close_matches", compare)
    names = [f"x{number}" for number in range(1000)]

    parse_options(dict.fromkeys(names, "y"), faults)

    assert [call.args[0] for call in compare.call_args_list] == names[:MOST_COMPARED]
    assert [fault["field"] for fault in faults] == names[:MOST_FAULTS]


def test_the_network_for_handwriting_is_the_operator_s(tmp_path: Path) -> None:
    here = replace(HERE, settings=Settings(handwriting_model="/srv/own.onnx"))

    assert build(here=here).job.options.handwriting_model == "/srv/own.onnx"
    with pytest.raises(SettingsError, match="OCR_HANDWRITING_MODEL"):
        Service.start(Settings(handwriting_model=str(tmp_path / "none.onnx")))


def test_confirmed_lines_are_no_format_of_what_is_still_to_be_read() -> None:
    with pytest.raises(InvalidOptions, match="/v1/render"):
        build({"format": "text,training"})

    assert build_rendering_job(
        {"format": ("training",)}, SOURCES, settings=Settings(), formats=("json",)
    ).formats == ("training",)


def test_what_is_not_installed_is_told() -> None:
    with pytest.raises(LanguageMissing, match="fra"):
        build({"languages": "fra"})
    with pytest.raises(EngineUnavailable):
        build({"engine": "rapidocr"}, replace(HERE, missing="rapidocr"))
    with pytest.raises(EngineMissing):
        build(here=replace(HERE, missing="auto"))


def fields_of_faults(texts: Mapping[str, str], here: Here) -> list[object]:
    with pytest.raises(InvalidOptions) as caught:
        build(texts, here)

    faults = caught.value.extra["faults"]
    assert isinstance(faults, list)
    return [fault["field"] for fault in faults if isinstance(fault, dict)]


def test_faults_are_told_before_an_engine_that_the_server_lacks() -> None:
    assert fields_of_faults({"dpi": "many"}, replace(HERE, missing="auto")) == ["dpi"]


def test_an_engine_that_is_not_installed_is_a_fault_among_the_others() -> None:
    asked = {"dpi": "many", "engine": "rapidocr"}

    assert fields_of_faults(asked, replace(HERE, missing="rapidocr")) == ["dpi", "engine"]


@pytest.mark.parametrize("asked", [{"engine": "rapdocr", "languages": "fra"}, {"languages": "+"}])
def test_no_language_is_missing_of_an_engine_or_a_list_that_is_not_understood(
    asked: dict[str, str],
) -> None:
    here = replace(HERE, settings=Settings(languages=("fra",)))

    assert fields_of_faults(asked, here) == list(asked)[:1]


def test_files_over_the_limit_are_refused_wherever_they_come_from() -> None:
    here = replace(HERE, settings=Settings(max_body_bytes=1024))

    with pytest.raises(BodyTooLarge, match="1024 bytes"):
        build_job({}, (Source(Path("one"), 600), Source(Path("two"), 600)), here)


@pytest.mark.parametrize(
    ("asked", "setting", "first"),
    [
        ("auto", ("deu",), ("deu",)),
        ("auto", ("auto",), ("eng",)),
        ("AUTO+deu", ("eng",), ("deu",)),
        (None, ("auto", "deu"), ("deu",)),
    ],
)
def test_automatic_languages_say_what_is_read_first(
    asked: str | None, setting: tuple[str, ...], first: tuple[str, ...]
) -> None:
    here = replace(HERE, settings=Settings(languages=setting))

    options = build({"languages": asked} if asked else {}, here).job.options

    assert (options.languages, options.auto_language) == (first, True)
    assert options.installed == ("eng", "deu")


def test_a_language_beside_auto_that_is_not_installed_is_refused() -> None:
    with pytest.raises(LanguageMissing):
        build({"languages": "auto+fra"})


def test_languages_that_are_told_are_read_as_told() -> None:
    options = build({"languages": "deu+eng"}).job.options

    assert (options.languages, options.auto_language) == (("deu", "eng"), False)


def test_own_words_are_those_of_the_request_else_of_the_profile_else_of_the_operator() -> None:
    profile = replace(HERE.profiles["label"], options={"words": "Varnenko"})
    here = replace(HERE, words="Schmeling", profiles={"label": profile})

    def words(**texts: str) -> str:
        return build_job(texts, SOURCES, here).job.options.words

    assert words() == "Schmeling"
    assert words(profile="label") == "Varnenko"
    assert words(profile="label", words="Kowalczyk, QX-7741;\nKowalczyk") == "Kowalczyk\nQX-7741"


@pytest.mark.parametrize(
    "text", [",;", "x" * (LONGEST_WORD + 1), " ".join(map(str, range(MOST_WORDS + 1)))]
)
def test_too_many_or_too_long_own_words_are_refused(text: str) -> None:
    with pytest.raises(InvalidOptions, match="50000 words"):
        build({"words": text})


def test_the_operator_s_words_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\ufeffKowalczyk\nQX-7741\n", encoding="utf-8")

    assert read_words(str(file)) == "Kowalczyk\nQX-7741"
    with pytest.raises(SettingsError, match="OCR_WORDS"):
        read_words(str(tmp_path / "none.txt"))
