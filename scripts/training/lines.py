"""Cut lines out of pages that are transcribed in ALTO or PAGE.

    python -m scripts.training.lines PAGES LINES/NAME

PAGES is a folder (a clone of a repository, say) or a ZIP, as the product exports it for training.
Writes into LINES/NAME a picture of each line, 64 px high, turned so that its baseline lies flat,
with its neighbourhood as it is on the page, and `lines.jsonl`: for each the `picture`, its `page`,
its `text` and the `outline` of the writing in the picture.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

HEIGHT_PX = 64
PICTURES = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
STEEPEST_RAD = math.radians(30)
MARGIN_PX = 3
LEAST_HEIGHT_PX, LEAST_WIDTH_PX, LONGEST_BY_HEIGHT = 14, 10, 40


@dataclass(frozen=True)
class Transcribed:
    """A line of a page: outline and baseline in pixels of the page, (n, 2)."""

    outline: np.ndarray
    baseline: np.ndarray | None
    text: str


def cut_lines(pages: Path, target: Path) -> tuple[int, int]:
    """Cut all lines of a folder of pages; how many lines of how many pages."""
    target.mkdir(parents=True, exist_ok=True)
    pictures = {one.stem: one for one in sorted(pages.rglob("*")) if one.suffix.lower() in PICTURES}
    done: set[Path] = set()  # some sets have each page as ALTO and as PAGE
    count = 0
    with (target / "lines.jsonl").open("w", encoding="utf8") as listed:
        for xml in sorted(pages.rglob("*.xml")):
            named, lines = read_page(xml)
            source = pictures.get(xml.stem) or pictures.get(Path(named).stem)
            if not lines or source is None or source in done:
                continue
            done.add(source)
            page = cv2.imread(str(source), cv2.IMREAD_GRAYSCALE)
            for number, line in enumerate(lines):
                made = cut_line(page, line) if page is not None else None
                if made is None:
                    continue
                picture, outline = made
                name = f"{len(done):04d}_{xml.stem}_{number:03d}.jpg"
                cv2.imwrite(str(target / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
                row = {
                    "picture": name, "page": xml.relative_to(pages).with_suffix("").as_posix(),
                    "text": line.text, "outline": outline.round(1).tolist(),
                }  # fmt: skip
                listed.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    return count, len(done)


def read_page(xml: Path) -> tuple[str, list[Transcribed]]:
    """The name of a page's picture, and its transcribed lines, of an ALTO or PAGE file.

    A file of another kind, or a broken one, has no lines.
    """
    try:
        root = ET.parse(xml).getroot()  # noqa: S314  files that one chose to train from
    except ET.ParseError:
        return "", []
    picture, lines = "", []
    for element in root.iter():
        kind = _kind(element)
        if kind == "fileName" and element.text:
            picture = element.text.strip()
        elif kind == "Page":
            picture = element.get("imageFilename") or picture
        elif kind == "TextLine":
            lines.extend(_read_line(element))
    return picture, lines


def _read_line(line: ET.Element) -> Iterator[Transcribed]:
    outline = text = ""
    baseline = line.get("BASELINE", "")
    strings = []
    for part in line.iter():  # ALTO
        if _kind(part) == "Polygon":
            outline = outline or part.get("POINTS", "")
        elif _kind(part) == "String":
            strings.append(part.get("CONTENT", ""))
    text = " ".join(filter(None, strings))
    for part in line:  # PAGE
        if _kind(part) == "Coords":
            outline = part.get("points", "")
        elif _kind(part) == "Baseline":
            baseline = part.get("points", "")
        elif _kind(part) == "TextEquiv":
            text = next((one.text or "" for one in part if _kind(one) == "Unicode"), text)
    around, along = _points(outline), _points(baseline)
    if len(around) > 2 and text.strip():
        yield Transcribed(around, along if len(along) > 1 else None, text.strip())


def _kind(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _points(text: str) -> np.ndarray:
    """Its points, x and y; none where ALTO tells but the height of a baseline."""
    numbers = [float(one) for one in re.split(r"[ ,]+", text.strip()) if one]
    return np.array(numbers if len(numbers) % 2 == 0 else []).reshape(-1, 2)


def cut_line(page: np.ndarray, line: Transcribed) -> tuple[np.ndarray, np.ndarray] | None:
    """The upright rectangle round a line, 64 px high, and the line's outline in it.

    None for what is no line: too small, too steep, too long.
    """
    along = np.array([1.0, 0.0]) if line.baseline is None else line.baseline[-1] - line.baseline[0]
    angle = math.atan2(along[1], along[0])
    if abs(angle) > STEEPEST_RAD:
        return None
    centre = line.outline.mean(axis=0)
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), math.degrees(angle), 1.0)
    turned = _moved(line.outline, turn)
    (left, top), (right, bottom) = turned.min(axis=0) - MARGIN_PX, turned.max(axis=0) + MARGIN_PX
    width, height = right - left, bottom - top
    if height < LEAST_HEIGHT_PX or not LEAST_WIDTH_PX <= width <= LONGEST_BY_HEIGHT * height:
        return None
    scale = HEIGHT_PX / height
    way = turn.copy()
    way[:, 2] -= (left, top)
    way *= scale
    around = int(abs(math.sin(angle)) * width / 2) + 8
    x0, y0 = np.maximum(0, np.floor(line.outline.min(axis=0)).astype(int) - around)
    x1, y1 = np.ceil(line.outline.max(axis=0)).astype(int) + around
    part = page[y0:y1, x0:x1]
    if not part.size:
        return None
    shrunk = max(scale, 0.1)  # by area first, against aliasing
    small = part
    if shrunk < 0.7:
        small = cv2.resize(part, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    from_small = way.copy()
    from_small[:, 2] += way[:, :2] @ np.array([x0, y0])
    from_small[:, 0] *= part.shape[1] / small.shape[1]
    from_small[:, 1] *= part.shape[0] / small.shape[0]
    size = max(8, round(width * scale)), HEIGHT_PX
    picture = cv2.warpAffine(small, from_small, size, borderMode=cv2.BORDER_REPLICATE)
    return picture, _moved(line.outline, way)


def _moved(points: np.ndarray, way: np.ndarray) -> np.ndarray:
    return np.c_[points, np.ones(len(points))] @ way.T


def main() -> None:
    """Cut what the command line names."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("pages", type=Path)
    ask.add_argument("target", type=Path, metavar="LINES/NAME")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = asked.pages
        if zipfile.is_zipfile(pages):
            with zipfile.ZipFile(pages) as packed:
                packed.extractall(folder)
            pages = Path(folder)
        lines, of_pages = cut_lines(pages, asked.target)
    sys.stdout.write(f"{asked.target.name}: {lines} lines of {of_pages} pages\n")


if __name__ == "__main__":
    main()
