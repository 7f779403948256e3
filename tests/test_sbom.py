"""The bill of materials of an image, from what the image tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.output.json import JsonV1Dot6
from referencing import Registry, Resource

from scripts.sbom import bill_of
from tests.documentation import ROOT

CONTENTS = {
    "distribution": {"id": "debian", "codename": "trixie"},
    "python": "3.13.0",
    "debian_packages": [{"name": "tini", "version": "0.19.0-1", "architecture": "amd64"}],
    "python_packages": [
        {"name": "Pillow", "version": "13.0.0", "licence": "MIT-CMU", "boms": [
            {"components": [
                {"purl": "pkg:pypi/pillow@13.0.0?file_name=pillow.whl"},
                {"purl": "pkg:rpm/almalinux/libXau@1.0.9-3.el8"},
                {"name": "of no address"},
            ]},
        ]},
        {"name": "typing_extensions", "version": "4.16.0", "licence": None, "boms": []},
    ],
}  # fmt: skip


def written(contents: dict[str, Any]) -> dict[str, Any]:
    bill = bill_of(contents, image="ocr-server", digest="sha256:abc")
    written: dict[str, Any] = json.loads(JsonV1Dot6(bill).output_as_string())
    return written


def validate(bill: dict[str, Any]) -> None:
    """By the schema of CycloneDX 1.6, which its package brings along."""
    folder = resources.files("cyclonedx") / "schema" / "_res"
    of_name = {
        f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json": Resource.from_contents(
            json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())
        )
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    schema = of_name["http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json"].contents
    registry: Registry[Any] = Registry().with_resources(of_name.items())
    jsonschema.Draft7Validator(schema, registry=registry).validate(bill)


def test_a_bill_has_all_parts_and_what_is_in_them() -> None:
    bill = written(CONTENTS)

    validate(bill)
    assert bill["metadata"]["component"]["name"] == "ocr-server"
    assert bill["metadata"]["component"]["version"] == "sha256:abc"
    assert {part["purl"] for part in bill["components"]} == {
        "pkg:deb/debian/tini@0.19.0-1?arch=amd64&distro=trixie", "pkg:generic/python@3.13.0",
        "pkg:pypi/pillow@13.0.0", "pkg:pypi/typing-extensions@4.16.0",
    }  # fmt: skip
    (pillow,) = [part for part in bill["components"] if part["name"] == "pillow"]
    assert pillow["licenses"] == [{"license": {"id": "MIT-CMU"}}]
    assert [part["purl"] for part in pillow["components"]] == [
        "pkg:rpm/almalinux/libXau@1.0.9-3.el8"
    ]


def test_the_schema_finds_a_slip() -> None:
    bill = written(CONTENTS)
    bill["components"][0]["tpye"] = "library"

    with pytest.raises(jsonschema.ValidationError):
        validate(bill)


@pytest.mark.process
def test_a_system_tells_its_packages_and_what_these_carry_along(tmp_path: Path) -> None:
    program = tmp_path / "dpkg-query"
    program.write_text("#!/bin/sh\nprintf 'tini\\t0.19.0-1\\tamd64\\n'\n")
    program.chmod(0o755)
    done = subprocess.run(  # our own
        [sys.executable, "-"], input=(ROOT / "scripts" / "image_contents.py").read_bytes(),
        capture_output=True, check=True, env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    bill = written(json.loads(done.stdout))

    validate(bill)
    parts = {part["name"]: part for part in bill["components"]}
    assert parts["tini"]["version"] == "0.19.0-1"
    assert parts["flask"]["licenses"]
    # What the wheel was compiled of, by its own bill.
    assert {"pyo3"} <= {part["name"] for part in parts["pydantic-core"]["components"]}
