"""The bill of materials of an image (CycloneDX 1.6) from what `image_contents.py` tells of it.

python scripts/sbom.py IMAGE ID <contents >bill
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

Json = Mapping[str, Any]


def bill_of(contents: Json, *, image: str, digest: str) -> Bom:
    """The parts of an image: Debian's packages, Python, its packages and what is in them."""
    bill = Bom()
    bill.metadata.component = Component(
        type=ComponentType.CONTAINER, name=image, version=digest, bom_ref=f"image:{image}"
    )
    system = contents["distribution"]
    for package in contents["debian_packages"]:
        purl = PackageURL(
            "deb", system["id"], package["name"], package["version"],
            {"arch": package["architecture"], "distro": system["codename"]},
        )  # fmt: skip
        bill.components.add(_library(purl))
    bill.components.add(_library(PackageURL("generic", None, "python", contents["python"])))
    for package in contents["python_packages"]:
        name = package["name"].lower().replace("_", "-")
        part = _library(PackageURL("pypi", None, name, package["version"]))
        if package["licence"]:
            part.licenses.add(LicenseFactory().make_from_string(package["licence"]))
        for inner in (one for bom in package["boms"] for one in bom.get("components", ())):
            purl = inner.get("purl")
            if purl and not purl.startswith("pkg:pypi/"):  # the package itself, by its files
                part.components.add(_library(PackageURL.from_string(purl), within=name))
        bill.components.add(part)
    bill.register_dependency(bill.metadata.component, bill.components)
    return bill


def _library(purl: PackageURL, *, within: str = "") -> Component:
    return Component(
        type=ComponentType.LIBRARY, name=purl.name, version=purl.version, group=purl.namespace,
        purl=purl, bom_ref=f"{within}/{purl}" if within else str(purl),
    )  # fmt: skip


if __name__ == "__main__":
    image, digest = sys.argv[1:]
    bill = bill_of(json.load(sys.stdin), image=image, digest=digest)
    sys.stdout.write(JsonV1Dot6(bill).output_as_string(indent=2) + "\n")
