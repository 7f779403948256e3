"""The README, CONTRIBUTING and the pages of docs/, and what stands in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")))
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def name_of(page: Path) -> str:
    """For the names of tests."""
    return str(page.relative_to(ROOT))


@cache
def tokens_of(page: Path) -> tuple[Token, ...]:
    """The page as Markdown: its blocks, and what stands in their lines."""
    blocks = _MARKDOWN.parse(page.read_text(encoding="utf-8"))
    return tuple(token for block in blocks for token in (block, *(block.children or ())))


def fences(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    return [
        token.content
        for token in tokens_of(page)
        if token.type == "fence" and token.info == language
    ]


def json_examples(page: Path) -> list[Any]:
    """The values of the JSON blocks; what an example leaves out is marked by an ellipsis."""
    return [json.loads(text.replace(", …", "")) for text in fences(page, "json")]


def commands_in(text: str) -> list[str]:
    """The commands of a block for the shell, each on one line, without remarks."""
    joined = re.sub(r"\\\n\s*|(?<=\|)\n\s*", " ", text)
    commands = (re.sub(r"\s+#.*", "", line).strip() for line in joined.splitlines())
    return [command for command in commands if command and not command.startswith("#")]


def links(page: Path) -> Iterator[str]:
    """Where the page's links and pictures lead."""
    for token in tokens_of(page):
        target = token.attrGet("href" if token.type == "link_open" else "src")
        if token.type in {"link_open", "image"} and target is not None:
            yield str(target)


def anchors(page: Path) -> set[str]:
    """What links to a heading may name: the words in small letters, joined by hyphens."""
    blocks = _MARKDOWN.parse(page.read_text(encoding="utf-8"))
    headings = (
        heading.content for before, heading in pairwise(blocks) if before.type == "heading_open"
    )
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def rows_under(page: Path, head: str) -> list[list[str]]:
    """The cells of the first table whose first column is called so, without its head."""
    lines = page.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(f"| {head} |")]
    assert starts, f"{name_of(page)} has no table of {head}"
    rows = []
    for line in lines[starts[0] + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def names_under(page: Path, head: str) -> list[str]:
    """What stands in backticks at the begin of each row of such a table."""
    return [cells[0].split("`")[1] for cells in rows_under(page, head)]


def as_table(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    rows = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
