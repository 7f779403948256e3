"""Reading somebody's JSON: every fault is noted with its path, and reading goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice", bound=StrEnum)
_ABSENT = object()
_LONGEST_SHOWN = 40


@dataclass(slots=True)
class Faults:
    """What is wrong, each with its path; beyond `most` they are only counted."""

    most: int = 200
    found: list[dict[str, str]] = field(default_factory=list)
    more: int = 0

    def add(self, path: str, message: str) -> None:
        """Note one."""
        if len(self.found) < self.most:
            self.found.append({"field": path, "message": message})
        else:
            self.more += 1

    def __len__(self) -> int:
        return len(self.found) + self.more


@dataclass(frozen=True, slots=True)
class Cursor:
    """A value in the JSON and the path that leads to it, such as `pages[0].zones[2]`.

    A method that finds another kind of value than it reads notes a fault and gives back
    something harmless of the right kind.
    """

    value: object
    path: str
    faults: Faults

    def __bool__(self) -> bool:
        """Whether there is a value; null counts as none."""
        return self.value is not _ABSENT and self.value is not None

    def fault(self, message: str) -> None:
        """Note what is wrong here."""
        self.faults.add(self.path, message)

    def only(self, *names: str) -> None:
        """Note each member with another name, or that this is no object."""
        if not isinstance(self.value, dict):
            self._expected("an object")
            return
        for name in self.value:
            if name not in names:
                known = ", ".join(sorted(names))
                self.faults.add(self._path_of(str(name)), f"is not known here; there are {known}")

    def member(self, name: str) -> Cursor:
        """The member of this name, which may be absent."""
        value = self.value.get(name, _ABSENT) if isinstance(self.value, dict) else _ABSENT
        return Cursor(value, self._path_of(name), self.faults)

    def items(self, *, least: int = 0) -> Iterator[Cursor]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self._expected("a list")
            return
        if len(self.value) < least:
            self.fault(f"has {len(self.value)} items; {least} or more are needed")
        for index, value in enumerate(self.value):
            yield Cursor(value, f"{self.path}[{index}]", self.faults)

    def text(self) -> str:
        """A string."""
        if isinstance(self.value, str):
            return self.value
        self._expected("a text")
        return ""

    def truth(self) -> bool:
        """True or false."""
        if isinstance(self.value, bool):
            return self.value
        self._expected("true or false")
        return False

    def number(self, least: float = -1e9, most: float = 1e9) -> float:
        """A number within bounds."""
        value = self.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            # An integer may be too long for a float, so it is compared before it becomes one.
            if least <= value <= most and math.isfinite(value):
                return float(value)
            self._expected(f"a number from {least:g} to {most:g}")
        else:
            self._expected("a number")
        return least

    def whole(self, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number within bounds."""
        value = self.value
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self._expected(f"a whole number from {least} to {most}")
        return least

    def choice(self, kind: type[Choice]) -> Choice:
        """One of the words of an enumeration."""
        words = [word.value for word in kind]
        if isinstance(self.value, str) and self.value in words:
            return kind(self.value)
        self._expected(f"one of {', '.join(words)}")
        return next(iter(kind))

    def _path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _expected(self, what: str) -> None:
        if self.value is _ABSENT:
            self.fault(f"is missing; {what} is expected")
        else:
            shown = repr(self.value)
            if len(shown) > _LONGEST_SHOWN:
                shown = f"{shown[:_LONGEST_SHOWN]}…"
            self.fault(f"is {shown}; {what} is expected")
