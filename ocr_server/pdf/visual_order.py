"""Letters as they are seen along a line, put into the order in which they are read.

A file may hold Arabic and Hebrew in either order, and PDFium guesses which; where letters stand is
no guess. Numbers and Latin words run from left to right among them.

Source: Unicode Standard Annex 9, The Bidirectional Algorithm, which is undone here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from ocr_server.pdf.letters import Letter

_ALEFS = frozenset("\u0622\u0623\u0625\u0627")
_MIRRORED = str.maketrans("()[]{}«»", ")(][}{»«")
_OPENING, _CLOSING = frozenset("([{«"), frozenset(")]}»")
_IN_NUMBERS = frozenset(["ES", "CS", "ET"])
_SAME_PLACE_PX = 0.01
_BLANK = Letter(" ")

Cluster = tuple[Letter, ...]


def is_leftward(letter: str) -> bool:
    """Whether it belongs to a script that runs from right to left."""
    return unicodedata.bidirectional(letter[:1]) in {"R", "AL"}


def read_from_sight(
    letters: Sequence[Letter], along: Callable[[Letter], float], *, from_right: bool
) -> list[Letter]:
    """The letters of a line as they are read; `along` says how far right a letter stands.

    `from_right`: the line as a whole runs from right to left.
    """
    clusters = sorted(_clusters(letters, along), key=lambda cluster: along(cluster[0]))
    runs = _runs(clusters, from_right=from_right)
    if from_right:
        runs.reverse()
    read = [letter for run, _ in runs for cluster in run for letter in cluster]
    return _with_brackets_turned(read)


def _clusters(letters: Sequence[Letter], along: Callable[[Letter], float]) -> list[Cluster]:
    """Letters with the marks on them, and the letters of a ligature."""
    clusters: list[list[Letter]] = []
    for letter in letters:
        last = clusters[-1] if clusters else None
        is_mark = unicodedata.combining(letter.text[:1]) != 0
        if last and (is_mark or abs(along(last[0]) - along(letter)) < _SAME_PLACE_PX):
            last.append(letter)
        else:
            clusters.append([letter])
    return [_spelt(cluster) for cluster in clusters]


def _spelt(cluster: Sequence[Letter]) -> Cluster:
    """The base before its marks, and lam before alef, which are one sign.

    PDFium gives the letters of one glyph the last first.
    """

    def rank(letter: Letter) -> int:
        if unicodedata.combining(letter.text[:1]):
            return 2
        return 1 if letter.text in _ALEFS else 0

    if len(cluster) > 2 and is_leftward(cluster[-1].text):
        return tuple(reversed(cluster))  # one glyph that stands for several letters
    return tuple(sorted(cluster, key=rank))


def _runs(clusters: Sequence[Cluster], *, from_right: bool) -> list[tuple[list[Cluster], bool]]:
    """Runs of one way, from the left, each in the order in which it is read."""
    kinds = [_kind(cluster) for cluster in clusters]
    rightward = [False] * len(clusters)
    for place, kind in enumerate(kinds):
        rightward[place] = kind in {"L", "N"} or (
            not from_right and kind == "" and not _is_between(kinds, place, {"R"})
        )
    _fill(clusters, kinds, rightward)
    _add_terminators(clusters, kinds, rightward)
    runs: list[tuple[list[Cluster], bool]] = []
    for cluster, goes_right in zip(clusters, rightward, strict=True):
        if not runs or runs[-1][1] != goes_right:
            runs.append(([], goes_right))
        runs[-1][0].append(cluster)
    return [(run if goes_right else run[::-1], goes_right) for run, goes_right in runs]


def _fill(clusters: Sequence[Cluster], kinds: Sequence[str], rightward: list[bool]) -> None:
    """Mark what stands within Latin text or a number as running with it."""
    strong = [place for place, kind in enumerate(kinds) if kind]
    for one, other in pairwise(strong):
        between = range(one + 1, other)
        if kinds[one] == "L" and kinds[other] in {"L", "N"}:
            runs_on = True
        elif kinds[one] == kinds[other] == "N" and len(between) == 1:
            sign = clusters[one + 1][0].text[:1]
            runs_on = unicodedata.bidirectional(sign) in _IN_NUMBERS
        else:
            runs_on = False
        if runs_on:
            for place in between:
                rightward[place] = True


def _add_terminators(
    clusters: Sequence[Cluster], kinds: Sequence[str], rightward: list[bool]
) -> None:
    """Mark percent, plus and currency signs as running with the number they stand at.

    Not among Arabic letters, where they stand at the other side of it (rules W2 and W5).
    """
    classes = [unicodedata.bidirectional(cluster[0].text[:1]) for cluster in clusters]
    if "AL" in classes:
        return
    places = [place for place, kind in enumerate(classes) if kind == "ET"]
    for place in places:
        beside = {*kinds[max(0, place - 1) : place], *kinds[place + 1 : place + 2]}
        rightward[place] = rightward[place] or "N" in beside


def _is_between(kinds: Sequence[str], place: int, of: set[str]) -> bool:
    before = next((kind for kind in reversed(kinds[:place]) if kind), "L")
    after = next((kind for kind in kinds[place + 1 :] if kind), "L")
    return before in of and after in of


def _kind(cluster: Cluster) -> str:
    """L and R for letters that run right and left, N for figures, else nothing."""
    kind = unicodedata.bidirectional(cluster[0].text[:1])
    if kind in {"R", "AL"}:
        return "R"
    return {"L": "L", "EN": "N", "AN": "N"}.get(kind, "")


def _with_brackets_turned(letters: Sequence[Letter]) -> list[Letter]:
    """Each bracket as one that opens or closes what it stands at: some files name what is seen.

    One between two letters does what the one before it did not.
    """
    turned: list[Letter] = []
    is_open = False
    for letter, after in zip_longest(letters, letters[1:], fillvalue=_BLANK):
        if letter.text in _OPENING | _CLOSING:
            before = turned[-1].text if turned else " "
            opens = (before.isspace() or before in _OPENING) and not after.text.isspace()
            closes = not before.isspace() and not after.text.isalnum()
            is_open = not is_open if opens == closes else opens
            if is_open is not (letter.text in _OPENING):
                letter = replace(letter, text=letter.text.translate(_MIRRORED))  # noqa: PLW2901
        turned.append(letter)
    return turned
