"""The letters that the networks read, and the one spelling of a line that they learn."""

# ruff: noqa: RUF001  # letters that look alike are what it is about

from __future__ import annotations

import re
import unicodedata

# ASCII, Latin-1 and four letters more: what English, German, French, Spanish, Italian,
# Portuguese, Dutch and the languages of Scandinavia are written with.
WANTED = frozenset(map(chr, (*range(0x21, 0x7F), *range(0xA1, 0x100)))) | set("œŒŸ€")
ALIKE = str.maketrans({
    "’": "'", "‘": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "—": "-",
    "–": "-", "‐": "-", "‑": "-", "−": "-", "─": "-", "…": "...", "\u00a0": " ", "\u202f": " ",
    "ſ": "s", "_": " ",
})  # fmt: skip


def letters_kept(listed: str) -> tuple[list[int], list[str]]:
    """Which classes of a base are kept, and their letters.

    Args:
        listed: The base's characters, one a line. Its class 0 is none, its last a blank.
    """
    names = [name.strip("\r") for name in listed.split("\n")]
    names = names if names[-1] else names[:-1]
    place = {name: number for number, name in reversed(list(enumerate(names, 1)))}
    wanted = sorted((place[name], name) for name in WANTED & place.keys())
    numbers = [0, *(number for number, _ in wanted), len(names) + 1]
    return numbers, ["", *(name for _, name in wanted), " "]


def fold(text: str) -> str:
    """NFC, plain quotes and dashes, one blank between words."""
    plain = unicodedata.normalize("NFC", text).translate(ALIKE)
    return re.sub(r"\s+", " ", plain).strip()


def spell(columns: list[int], letters: list[str]) -> str:
    """The text of a line from the class of each column: repetitions and none left out (CTC)."""
    kept = (
        now for now, before in zip(columns, [0, *columns], strict=False) if now not in (0, before)
    )
    return fold("".join(letters[number] for number in kept))
