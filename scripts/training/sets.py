"""The sets of lines: what is learnt, how often, and what is kept for testing, by writer.

A set is a folder that `lines.py` wrote: pictures and `lines.jsonl`. Its name is its repository's.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from scripts.training.letters import fold

# How often a line is drawn, against the others. A set that is not named is drawn 1.0 times.
SHARES = {
    "Copiste-d-un-jour": 2.6,
    "CREMMA-AN-TestamentsDePoilus": 3.0,
    "CREMMA-MSS-19": 3.0,
    "dataset-celestine-doniau-danest": 4.0,
    "CREMMA-MSS-18": 0.3,
    "timeuscorpus": 0.3,
    "lectaurep-mariages-et-divorces": 0.5,
    "Tables_decennales_HTR": 0.3,
    "lectaurep-repertoires": 0.12,
}

# Pages of hands that are never learnt, whatever repository they come from: (set of the test, a
# pattern that its pages' names, with their folders, match, how many lines of them are read).
KEPT = (
    (
        "modern hands", 150,
        r"wikitexte_(0002|0005|0015|0040|0056|0065|0093|0099|0102|0105|0108|0117|0127|0132|0138"
        r"|0156|0163|0179|0183|0205|0209|0210|0211|0225|0241|0242|0260|0272|0276|0296)",
    ),
    (
        "wills 1914-18", 80,
        r"will_(AD78_0002|AD78_0009|AD78_0022|AN_0050|AN_0092|AN_0170|AN_0183|AN_0200|AN_0218"
        r"|AN_0225|AN_0248|AN_0284)",
    ),
    ("a manuscript of Sand", 80, r"manuscrit-sand-fadette"),
    ("two hands of the 20th century", 80, r"CREMMA-MSS-20/"),
    ("one hand 1928-90", 80, r"peraire-ground-truth/"),
    ("test only", 80, r"JosephHookerHTR|Memorials_Jane_Lathrop_Stanford"),
)  # fmt: skip

# Copied at the head of most pages of one set: learnt by heart, it would say little.
CONSENT = fold(
    "J’ai lu les conditions de participation et j’y consens. Je comprends que mon manuscrit sera "
    "anonymisé et utilisé par BAnQ pour des activités de recherche et développement et qu’il "
    "pourra aussi être publié et partagé sous licence CC-BY pour être utilisé librement à des "
    "fins non commerciales."
)


@dataclass(frozen=True)
class Line:
    """A line of a set: its picture, 64 px high, and the outline of its writing in it."""

    picture: Path
    text: str
    outline: tuple[tuple[float, float], ...]
    set: str


def read_sets(folder: Path) -> tuple[list[Line], dict[str, list[Line]]]:
    """The lines to learn, and those to test by the name of the test."""
    learnt, tested = [], dict[str, list[Line]]()
    for listed in sorted(folder.glob("*/lines.jsonl")):
        name = listed.parent.name
        for row in map(json.loads, listed.read_text(encoding="utf8").splitlines()):
            text = clean(row["text"])
            if text is None:
                continue
            outline = tuple((x, y) for x, y in row["outline"])
            line = Line(listed.parent / row["picture"], text, outline, name)
            test = kept_for(f"{name}/{row['page']}")
            if test is None:
                learnt.append(line)
            elif len(text) >= 4:
                tested.setdefault(test, []).append(line)
    draw = random.Random(7)
    counts = {test: count for test, count, _ in KEPT}
    for test, lines in tested.items():
        draw.shuffle(lines)
        tested[test] = lines[: counts[test]]
    return learnt, tested


def kept_for(page: str) -> str | None:
    """The test that a page belongs to; None for one to learn."""
    return next((test for test, _, pattern in KEPT if re.search(pattern, page)), None)


def clean(text: str) -> str | None:
    """The text of a line as it is learnt; None for one that is no use.

    Unreadable places (`><`) and signs that no letter stands for are left out with their line,
    the marks of crossing out (`<>`), raising (`^`) and joining (`{}`) alone.
    """
    if re.search(r"> ?<|< ?>|[¥⋎→#\\|]", text):
        return None
    text = fold(re.sub(r"[<>^{}]", "", text))
    if not text or text.startswith("imp wikitexte"):  # the number that was printed on the page
        return None
    consent = len(text) >= 10 and fuzz.partial_ratio(text, CONSENT) > 85
    return None if consent else text
