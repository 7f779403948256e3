"""What runs on each push, each night and before each commit."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").iterdir())
HOOKS = ROOT / ".pre-commit-config.yaml"

Document = dict[str, Any]  # as YAML is


def read(path: Path) -> Document:
    document: Document = yaml.safe_load(path.read_text())
    return document


def schema() -> Document:
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    found: Document = json.loads((folder / "github-workflows.json").read_text())
    return found


def commands() -> Iterator[str]:
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from (step["run"] for step in job["steps"] if "run" in step)
    for repository in read(HOOKS)["repos"]:
        yield from (hook["entry"] for hook in repository["hooks"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_github_understands_every_workflow(path: Path) -> None:
    jsonschema.validate(read(path), schema())


def test_the_schema_of_github_finds_a_slip() -> None:
    document = read(WORKFLOWS[0])
    next(iter(document["jobs"].values()))["runs_on"] = "ubuntu-24.04"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


def test_workflows_and_hooks_call_scripts_that_exist() -> None:
    scripts = {words[0] for words in map(str.split, commands()) if "/" in words[0]}

    assert {"scripts/check", "scripts/test", "scripts/fuzz"} <= scripts
    assert [name for name in scripts if not os.access(ROOT / name, os.X_OK)] == []


def test_all_is_tested_on_the_image_s_python_and_the_oldest() -> None:
    jobs = read(ROOT / ".github/workflows/test.yaml")["jobs"]
    images = set(re.findall(r"FROM python:([\d.]+)", (ROOT / "Dockerfile").read_text()))
    project = (ROOT / "pyproject.toml").read_text()
    oldest = re.findall(r'target-version = "py3(\d+)"', project)[0]

    assert set(jobs["full"]["strategy"]["matrix"]["python"]) == {*images, f"3.{oldest}"}
    assert {*images, f"3.{oldest}"} <= set(jobs["quick"]["strategy"]["matrix"]["python"])


def test_the_image_names_its_python_in_its_first_lines_only() -> None:
    recipe = (ROOT / "Dockerfile").read_text() + (ROOT / "scripts/image-packages").read_text()

    assert not re.findall(r"python3\.\d+|python-3\.\d+", recipe)
    assert len(set(re.findall(r"python:[\w.-]+", recipe))) == 1


def test_every_category_of_packages_is_brought_for_the_tests_and_asked_about() -> None:
    pipfile = tomllib.loads((ROOT / "Pipfile").read_text())
    (brought,) = re.findall(
        r"^CATEGORIES=\(([^)]*)\)$", (ROOT / "scripts/setup.sh").read_text(), re.M
    )

    assert set(brought.split()) == set(pipfile) - {"scripts"}
