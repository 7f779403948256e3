"""Tables: those of grids and those without, and the words put into their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ocr_server.document.model import Line, Table, Word, Zone, ZoneKind, hull_of
from ocr_server.layout.grids import Grid
from ocr_server.layout.phrases import find_phrases
from ocr_server.layout.table_heads import count_header_rows
from ocr_server.layout.unruled_tables import FindRules, find_unruled_tables

_LEAST_FILLED = 0.4  # of a grid's cells
# A grid of which so many filled cells hold columns of their own is only the frame of a table.
# A gap between them is that many heights of a word wide.
_FRAMES, _LEAST_FRAMES, _WIDE_GAP = 0.15, 1, 1.25
# Rows without rules are better than a grid if they are so many times its rows, and so many more.
_MORE_ROWS, _LEAST_MORE_ROWS = 1.6, 3
_TURNED_DEG = 45.0  # from which a line runs up or down the page


def find_tables(
    zones: Iterable[Zone], grids: Iterable[Grid], rules_in: FindRules | None = None
) -> list[Table]:
    """The tables of a page from top to bottom, their cells without text.

    A grid may be that of a table's head only, or its frame: then the rows within it are found by
    the places of words. All is in pixels of one canvas.
    """
    free = tuple(zone for zone in zones if zone.lines)
    found = []
    for grid in grids:
        table = grid.table()
        inside, outside = _split(free, table)
        if not _is_filled(table, inside) or _is_frame(table, inside):
            continue
        within = find_unruled_tables(inside, rules_in)
        if len(within) == 1 and _is_richer(within[0], table):
            table = within[0]
        found.append(table)
        free = outside
    found += find_unruled_tables(free, rules_in)
    return sorted(found, key=lambda table: table.box.top)


def set_in_tables(zones: Iterable[Zone], tables: Iterable[Table]) -> tuple[Zone, ...]:
    """Move all words inside the cells of a table into a table zone.

    Zones and tables are in pixels of one canvas. The table comes after the zones above it.
    """
    result = tuple(zones)
    for table in tables:
        result = _set_in_table(result, table)
    return result


def _split(zones: Sequence[Zone], table: Table) -> tuple[tuple[Zone, ...], tuple[Zone, ...]]:
    """The zones with only their words inside the cells of a table, and with those outside."""
    places = _places(zones, table)
    inside: list[Zone] = []
    outside: list[Zone] = []
    for zone in zones:
        within, beyond = _divided(zone, places)
        inside += _rest_of(zone, within)
        outside += _rest_of(zone, beyond)
    return tuple(inside), tuple(outside)


def _is_filled(table: Table, inside: Iterable[Zone]) -> bool:
    """Whether enough cells have text; in grids of diagrams most have none."""
    middles = (word.box.middle for zone in inside for word in zone.words)
    filled = {place for place in table.cells_at(middles) if place is not None}
    return len(filled) >= _LEAST_FILLED * len(table.cells)


def _is_frame(table: Table, inside: Sequence[Zone]) -> bool:
    """Whether cells hold rows with wide gaps: the grid is that of a head, or a frame."""
    phrases = find_phrases(inside, gap=_WIDE_GAP, is_prose_kept=True)
    if phrases is None:
        return False
    places = _places(inside, table)
    filled: dict[int, list[int]] = {}
    for row in phrases.rows:
        firsts = (places.get(id(phrase.words[0].word)) for phrase in row)
        for place, count in Counter(firsts).items():
            if place is not None:
                filled.setdefault(place, []).append(count)
    frames = sum(
        sum(count >= 2 for count in counts) >= min(2, len(counts)) for counts in filled.values()
    )
    return frames >= max(_LEAST_FRAMES, _FRAMES * len(filled))


def _is_richer(within: Table, grid: Table) -> bool:
    return (
        within.columns >= grid.columns
        and within.rows >= _MORE_ROWS * grid.rows
        and within.rows >= grid.rows + _LEAST_MORE_ROWS
    )


def _set_in_table(zones: tuple[Zone, ...], table: Table) -> tuple[Zone, ...]:
    places = _places(zones, table)
    inside: list[Line] = []
    before: list[Zone] = []
    after: list[Zone] = []
    for zone in zones:
        if not zone.lines:
            if not _is_part_of(zone, table):
                (after if inside else before).append(zone)
            continue
        within, others = _divided(zone, places)
        inside += within
        if not within:
            (after if inside else before).append(zone)
            continue
        above = [line for line in others if line.box.middle.y < table.box.top]
        before += _rest_of(zone, above)
        after += _rest_of(zone, [line for line in others if line not in above])
    return (*before, _table_zone(table, inside, places), *after)


def _places(zones: Iterable[Zone], table: Table) -> dict[int, int]:
    """The index of its cell for the `id` of each word inside a cell of a table."""
    box = table.box
    words = [word for zone in zones for word in zone.words if box.contains(word.quad.middle)]
    places = table.cells_at(word.box.middle for word in words)
    return {id(word): place for word, place in zip(words, places, strict=True) if place is not None}


def _divided(zone: Zone, places: Mapping[int, int]) -> tuple[list[Line], list[Line]]:
    """The lines of the zone with only their words inside a table, and with those outside."""
    inside, outside = [], []
    for line in zone.lines:
        within = line.filtered(lambda word: id(word) in places)
        if within is line:
            inside.append(line)
            continue
        if within:
            inside.append(within)
        if beyond := line.filtered(lambda word: id(word) not in places):
            outside.append(beyond)
    return inside, outside


def _rest_of(zone: Zone, lines: Sequence[Line]) -> list[Zone]:
    """The zone with only those lines; an empty list if there are none."""
    if not lines:
        return []
    return [replace(zone, lines=tuple(lines), quad=hull_of(lines).quad())]


def _table_zone(table: Table, lines: Iterable[Line], places: Mapping[int, int]) -> Zone:
    """The table zone; its lines are in the order of the cells.

    A row whose cells have one level line each becomes one line.
    """
    pieces: dict[int, list[Line]] = {}
    for line in lines:
        for place, words in _by_cell(line.words, places):
            row = table.cells[place].row
            pieces.setdefault(place, []).append(replace(line.with_words(words), paragraph=row))
    for found in pieces.values():
        found.sort(key=_place_in_cell)
    ordered: list[Line] = []
    for row in sorted({table.cells[place].row for place in pieces}):
        filled = [pieces[place] for place in sorted(pieces) if table.cells[place].row == row]
        if all(len(cell) == 1 and abs(cell[0].quad.angle_deg) < _TURNED_DEG for cell in filled):
            ends = (filled[0][0].baseline[0], filled[-1][0].baseline[-1])
            ordered.append(replace(Line.joined([cell[0] for cell in filled]), baseline=ends))
        else:
            ordered += [line for cell in filled for line in cell]
    cells = tuple(
        replace(cell, text="\n".join(piece.text for piece in pieces.get(place, ())))
        for place, cell in enumerate(table.cells)
    )
    made = replace(table, cells=cells, header_rows=count_header_rows(table.rows, cells))
    return Zone(ZoneKind.TABLE, made.box.quad(), tuple(ordered), made)


def _place_in_cell(line: Line) -> float:
    """The order of lines in a cell: downwards, or across where they are on their side."""
    angle_deg, box = line.quad.angle_deg, line.box
    if abs(angle_deg) < _TURNED_DEG:
        return box.top
    return box.left if angle_deg < 0 else -box.right


def _by_cell(
    words: tuple[Word, ...], places: Mapping[int, int]
) -> Iterator[tuple[int, tuple[Word, ...]]]:
    groups: dict[int, list[Word]] = {}
    for word in words:
        groups.setdefault(places[id(word)], []).append(word)
    for place, group in groups.items():
        yield place, tuple(group)


def _is_part_of(zone: Zone, table: Table) -> bool:
    """Whether a rule or picture that the engine found is part of the table."""
    common = zone.box.intersection(table.box)
    return common is not None and common.area >= 0.8 * zone.box.area
