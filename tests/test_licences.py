"""No package of the lock has a licence that would bind who uses the server."""

from __future__ import annotations

import re

import pytest

from tests.documentation import DOCS
from tests.licences import SHIPPED, categories_of_packages, licence_of

# The last of these binds changes of its own files only.
FREE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "PSF-2.0", "Unlicense", "ZPL-2.1", "Zlib", "MPL-2.0",
}  # fmt: skip
# Used unmodified, as libraries that may be exchanged.
LESSER = re.compile(r"LGPL-[\d.]+(-only|-or-later)?")


def is_acceptable(expression: str, *, with_lesser: bool = True) -> bool:
    """Whether all parts that hold are free; of alternatives one suffices."""
    return all(
        any(
            name in FREE or bool(with_lesser and LESSER.fullmatch(name))
            for name in re.findall(r"[\w.-]+(?: WITH [\w.-]+)?", choice)
            if name != "OR"
        )
        for choice in re.split(r"\s+AND\s+", expression)
    )


@pytest.mark.parametrize(
    ("expression", "is_free"),
    [
        ("MIT", True), ("MIT AND GPL-3.0-only", False), ("MIT OR GPL-3.0-only", True),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0", True), ("AGPL-3.0-or-later", False),
        ("LGPL-3.0-or-later", True), ("Proprietary", False),
    ],
)  # fmt: skip
def test_expressions_are_understood(expression: str, *, is_free: bool) -> None:
    assert is_acceptable(expression) is is_free


def test_every_package_may_be_used_by_anybody_for_anything() -> None:
    licences = {name: licence_of(name) for name in categories_of_packages()}

    assert {name: text for name, text in licences.items() if not is_acceptable(text)} == {}


def test_packages_under_the_lesser_gpl_are_named() -> None:
    text = (DOCS / "licences.md").read_text(encoding="utf-8").partition("<!-- licences -->")[0]
    lesser = {
        name
        for name, categories in categories_of_packages().items()
        if set(categories) & set(SHIPPED) and not is_acceptable(licence_of(name), with_lesser=False)
    }

    assert lesser == {name for name in lesser if f"`{name}`" in text}
    assert lesser
