from __future__ import annotations

from unittest.mock import Mock

import pytest

from ocr_server import bounds
from ocr_server.document import languages
from ocr_server.document.languages import (
    MOST_LANGUAGES,
    code_named,
    code_of,
    missing_languages,
)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "deu"), ("de-AT", "deu"), ("DE_de", "deu"), ("deu", "deu"), ("de-Latf", "frk"),
        ("zh", "chi_sim"), ("zh-TW", "chi_tra"), ("zh-Hant-HK", "chi_tra"), ("sr-Latn", "srp_latn"),
        ("ger", "deu"), ("GER", "deu"), ("chi", "chi_sim"), ("zho-TW", "chi_tra"), ("fre", None),
        ("iw", "heb"), ("ja", "jpn"), ("fr", None), ("xx", None), ("", None),
    ],
)  # fmt: skip
def test_a_tag_leads_to_the_installed_language(tag: str, code: str | None) -> None:
    installed = ("chi_sim", "chi_tra", "deu", "frk", "heb", "jpn", "jpn_vert", "osd", "srp_latn")

    assert code_of(tag, installed) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [("de", "deu"), ("EN", "eng"), ("English", "eng"), ("ENG", "eng"), ("tlh", None)],
)
def test_a_language_is_known_by_its_tag_and_its_english_name(name: str, code: str | None) -> None:
    assert code_named(name) == code


def test_missing_languages_are_told_with_those_that_are_there() -> None:
    error = missing_languages(["chi_sim", "script/Latin", "swa"], installed=("deu", "eng"))

    assert error.message == (
        "Languages not installed: chi_sim, script/Latin, swa. Installed are deu, eng. To add what "
        "is missing: apt-get install tesseract-ocr-chi-sim tesseract-ocr-swa, or build the image "
        "with --build-arg LANGUAGES='chi_sim swa'."
    )
    assert error.extra == {
        "missing": ["chi_sim", "script/Latin", "swa"],
        "installed": ["deu", "eng"],
    }


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["EN"], "EN (did you mean eng?). Installed are eng, osd."),
        (["engl", "English"], "engl, English (did you mean eng?). Installed are eng, osd."),
        (["engl", "osb"], "engl, osb (did you mean eng, osd?). Installed are eng, osd."),
        (["klingon"], "klingon. Installed are eng, osd."),
        (["de"], "de. Installed are eng, osd. To add what is missing: apt-get install "),
    ],
)  # fmt: skip
def test_a_misspelt_or_foreign_name_is_told_the_right_one(missing: list[str], told: str) -> None:
    error = missing_languages(missing, installed=("eng", "osd"))

    assert error.message.startswith(f"Languages not installed: {told}")


def test_of_many_missing_languages_only_the_first_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []
    compare = Mock(return_value=[])
    monkeypatch.setattr(languages, "code_named", looked_up.append)
    monkeypatch.setattr(bounds, "get_close_matches", compare)
    missing = [f"x{number}" for number in range(2 * MOST_LANGUAGES)]

    error = missing_languages(missing, installed=("eng",))

    assert looked_up == missing[:MOST_LANGUAGES]
    assert compare.call_count == MOST_LANGUAGES
    assert error.extra["missing"] == missing
