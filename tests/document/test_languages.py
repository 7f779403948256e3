from __future__ import annotations

import pytest

from ocr_server.document.languages import code_named, code_of


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "deu"), ("de-AT", "deu"), ("DE_de", "deu"), ("deu", "deu"), ("de-Latf", "frk"),
        ("zh", "chi_sim"), ("zh-TW", "chi_tra"), ("zh-Hant-HK", "chi_tra"), ("sr-Latn", "srp_latn"),
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
