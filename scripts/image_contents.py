"""Tell what an image consists of, as JSON: run in it, with nothing but the standard library.

Debian's packages, Python and its packages, and what these say that they carry along (PEP 770).
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from typing import Any

DEBIAN_PACKAGES = (
    "dpkg-query", "--show",
    "--showformat", r"${Package}\t${Version}\t${Architecture}\n",
)  # fmt: skip


def contents() -> dict[str, Any]:
    """Of this system and this Python."""
    release = platform.freedesktop_os_release()
    listed = subprocess.run(DEBIAN_PACKAGES, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return {
        "distribution": {"id": release["ID"], "codename": release["VERSION_CODENAME"]},
        "python": platform.python_version(),
        "debian_packages": [
            dict(zip(("name", "version", "architecture"), line.split("\t"), strict=True))
            for line in listed.splitlines()
        ],
        "python_packages": [_package(one) for one in distributions()],
    }


def _package(package: Distribution) -> dict[str, Any]:
    boms = [file for file in package.files or () if "sboms" in file.parts]
    return {
        "name": package.metadata["Name"],
        "version": package.version,
        "licence": package.metadata.get("License-Expression"),
        "boms": [json.loads(file.read_text()) for file in boms],
    }


if __name__ == "__main__":
    json.dump(contents(), sys.stdout)
