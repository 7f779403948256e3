"""Names in backticks in docstrings exist, and each public class has a name of its own."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ocr_server.extraction.finders import FINDERS
from ocr_server.request.options import OPTIONS

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "ocr_server").rglob("*.py"))
}
_NAME = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?`")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def docstrings_of(tree: ast.Module) -> dict[int, str]:
    """The docstrings by the identity of their nodes."""
    return {
        id(node.body[0].value): text
        for node in ast.walk(tree)
        if isinstance(node, _DOCUMENTED)
        and (text := ast.get_docstring(node))
        and isinstance(node.body[0], ast.Expr)
    }


def words_of(tree: ast.Module) -> set[str]:
    """All identifiers of the code, and all words of its strings other than docstrings."""
    docstrings = docstrings_of(tree)
    words: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        for _, value in ast.iter_fields(node):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    words |= {one, *re.findall(r"\w+", one)}
    return words


@cache
def words_in(module: str) -> set[str]:
    return words_of(tree_of(module))


@cache
def members_of(module: str) -> dict[str, set[str]]:
    """The classes and functions of a module with their members, and its other names without."""
    members: dict[str, set[str]] = {}
    for node in tree_of(module).body:
        if isinstance(node, ast.ClassDef):
            members[node.name] = words_of(ast.Module(node.body, []))
        elif isinstance(node, ast.FunctionDef):
            members[node.name] = set()
        else:
            members |= {name.id: set() for name in ast.walk(node) if isinstance(name, ast.Name)}
    return members


@cache
def kinds_of_parameters(module: str) -> dict[str, str]:
    """The classes of the parameters of a module's functions, by the names of the parameters."""
    return {
        node.arg: node.annotation.id
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name)
    }


@cache
def public_names() -> frozenset[str]:
    return frozenset(name for module in MODULES for name in members_of(module))


@cache
def members_of_classes() -> dict[str, set[str]]:
    """The classes that have members, of all modules."""
    return {
        name: members
        for module in MODULES
        for name, members in members_of(module).items()
        if members
    }


# What is named in other modules, by other programs and in standards.
FOREIGN = {
    "Accept", "PageIteratorLevel", "ProcessPoolExecutor", "auto", "dictionary", "exit_code",
    "extra", "glyf", "head", "hhea", "hmtx", "loca", "lstm_choices", "maxp",
}  # fmt: skip
KNOWN = {
    *dir(builtins), *OPTIONS, *FINDERS, *FOREIGN,
    *(part for module in MODULES for part in module.split(".")),
}  # fmt: skip


def exists(name: str, module: str) -> bool:
    """Whether a name is in the code of its module or public, or what a dotted one leads to."""
    first, *rest = name.split(".")
    if not rest:
        return name in public_names() or name in KNOWN or name in words_in(module)
    parts = ["ocr_server", first, *rest]
    paths = [".".join(parts[:end]) for end in range(len(parts), 1, -1)]
    path = next((path for path in paths if path in MODULES), None)
    kind = kinds_of_parameters(module).get(first, first)
    if path is None and kind not in members_of_classes():
        return True  # a file, or a name of another program
    left = parts[path.count(".") + 1 :] if path else rest
    is_in_module = path is not None and (not left or left[0] in members_of(path))
    return is_in_module or (kind in members_of_classes() and rest[0] in members_of_classes()[kind])


def stale_names(module: str) -> Iterator[str]:
    for text in docstrings_of(tree_of(module)).values():
        yield from (name for name in _NAME.findall(text) if not exists(name, module))


@pytest.mark.parametrize("module", MODULES)
def test_names_in_docstrings_exist(module: str) -> None:
    assert list(stale_names(module)) == []


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("pixel_aspect", True), ("aspect", False), ("Canvas.to_page", True),
        ("Canvas.aspect", False), ("page.quality", True), ("page.lost", False),
        ("binarize.sauvola", True), ("imaging.binarize.niblack", False),
    ],
)  # fmt: skip
def test_a_name_that_is_stale_is_found(name: str, is_known: bool) -> None:
    assert exists(name, "ocr_server.imaging.canvas") == is_known


def test_no_two_public_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for module in MODULES
        for node in tree_of(module).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )

    assert [name for name, count in names.items() if count > 1] == []
