"""The operations by name, with their parameters; parsing and running a list of them.

They are the `steps` of the API: names in order, with parameters in brackets, as in
`contrast,deskew,sauvola(k=0.3,window_px=31)`. Instead, `auto` stands for the recipe and `none` for
no operations.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocr_server.bounds import Bounds, with_closest
from ocr_server.deadline import Deadline
from ocr_server.document.model import StageRecord
from ocr_server.imaging import binarize, contrast, dewarp, glyphs, perspective, ruling_lines, skew
from ocr_server.imaging.canvas import Canvas, OperationResult

AUTO = ("auto",)
MOST_STEPS, LONGEST_STEPS = 20, 2000  # characters, far more than all parameters of twenty take


@dataclass(frozen=True, slots=True)
class Parameter:
    """A numeric parameter of an operation, from `least` to `most`; whole if its default is."""

    name: str
    meaning: str
    default: float
    least: float
    most: float
    unit: str = ""

    def parse(self, text: str) -> float:
        """The value that `text` stands for.

        Raises:
            ValueError: it is not a number, or out of range; the message says what is allowed.
        """
        bounds = Bounds(self.least, self.most, is_whole=isinstance(self.default, int))
        try:
            return bounds.parse(text)
        except ValueError:
            unit = f" {self.unit}" if self.unit else ""
            raise ValueError(f"{self.name} takes {bounds}{unit}, not {text!r}.") from None


@dataclass(frozen=True, slots=True)
class Operation:
    """A pure function from canvas to canvas; `function` is None if it needs an engine."""

    function: Callable[..., OperationResult] | None
    meaning: str
    parameters: tuple[Parameter, ...] = ()


_WINDOW = Parameter("window_px", "side of the window around each pixel", 61, 3, 501, "px")

OPERATIONS: Mapping[str, Operation] = {
    "contrast": Operation(
        contrast.contrast,
        "spread the grey levels between ink and paper",
        (
            Parameter("dark_percent", "share that becomes black", 1.0, 0, 20, "%"),
            Parameter("paper_percent", "percentile that becomes paper", 60.0, 30, 100, "%"),
        ),
    ),
    "clahe": Operation(
        contrast.clahe,
        "even out contrast in tiles",
        (
            Parameter("clip", "how far contrast may be raised", 2.0, 1, 10),
            Parameter("tiles", "tiles along each side", 8, 1, 64),
        ),
    ),
    "flatten": Operation(
        contrast.flatten,
        "divide by the shade of the paper, so that shadows vanish",
        (
            Parameter(
                "detail_percent",
                "widest detail that is not shade, of the longer side",
                4.0,
                1,
                20,
                "%",
            ),
        ),
    ),
    "denoise": Operation(
        contrast.denoise,
        "take out specks",
        (Parameter("size_px", "side of the median's window", 3, 3, 9, "px"),),
    ),
    "unsharp": Operation(
        contrast.unsharp,
        "sharpen",
        (
            Parameter("radius_px", "standard deviation of the blur", 1.0, 0.3, 10, "px"),
            Parameter("amount", "how much of what the blur took away is added", 0.7, 0, 3),
        ),
    ),
    "invert": Operation(contrast.invert, "exchange dark and light"),
    "otsu": Operation(binarize.otsu, "black and white by one threshold (Otsu)"),
    "adaptive": Operation(
        binarize.adaptive,
        "black and white by the mean around each pixel",
        (_WINDOW, Parameter("offset", "how much darker than the mean ink is", 12.0, -50, 100)),
    ),
    "sauvola": Operation(
        binarize.sauvola,
        "black and white by mean and contrast around each pixel (Sauvola)",
        (_WINDOW, Parameter("k", "weight of the contrast", 0.2, 0.01, 1)),
    ),
    "wolf": Operation(
        binarize.wolf,
        "as sauvola, relative to the page's own contrast (Wolf)",
        (_WINDOW, Parameter("k", "weight of the contrast", 0.5, 0.01, 1)),
    ),
    "deskew": Operation(
        skew.deskew,
        "turn slanting lines level, up to 15°",
        (Parameter("least_deg", "smallest angle that is put right", 0.3, 0, 15, "°"),),
    ),
    "orientation": Operation(
        None, "turn a page upright that lies on its side or stands on its head"
    ),
    "rectify": Operation(perspective.rectify, "undo the perspective of a photographed sheet"),
    "dewarp": Operation(dewarp.dewarp, "level the bent lines of a curled page"),
    "scale": Operation(
        glyphs.scale,
        "enlarge or shrink until letters have one height",
        (
            Parameter(
                "x_height_px",
                "height of small letters afterwards",
                glyphs.BEST_X_HEIGHT_PX,
                6,
                60,
                "px",
            ),
        ),
    ),
    "rules": Operation(
        ruling_lines.remove_ruling_lines,
        "wipe out the rules of tables and forms",
        (Parameter("least_rules", "fewest rules that are wiped out", 1, 1, 200),),
    ),
    "crop": Operation(perspective.crop, "cut away the ground around a sheet"),
    "margin": Operation(
        perspective.margin,
        "add a margin of the colour of the paper",
        (Parameter("margin_px", "width of the margin", 10, 1, 200, "px"),),
    ),
}

_CALL = re.compile(r"\s*+([^\s,()]*+)\s*+(?:\(([^()]*+)\)\s*+)?(,|$)")


def parse_operations(text: str) -> tuple[str, ...]:
    """The operations in `text`, checked, for `run_operations`.

    Raises:
        ValueError: names or parameters are wrong; the message has a sentence for each. Or there are
            more than `MOST_STEPS`.
    """
    if text.strip().lower() in {"", "none"}:
        return ()
    if text.strip().lower() == "auto":
        return AUTO
    if len(text) > LONGEST_STEPS:
        raise ValueError(f"use at most {LONGEST_STEPS} characters")
    operations: list[str] = []
    errors, position = [], 0
    while position < len(text):
        if len(operations) == MOST_STEPS:
            raise ValueError(f"use at most {MOST_STEPS} steps")
        match = _CALL.match(text, position)
        if not match:
            rest = text[position:].strip()
            errors.append(f"{rest!r} is not a step; write name(parameter=value).")
            break
        position = match.end()
        name, inside = match[1].lower(), match[2] or ""
        operation = f"{name}({inside.strip()})" if inside.strip() else name
        try:
            _parse(operation)
        except ValueError as error:
            errors.append(str(error))
        operations.append(operation)
    if errors:
        raise ValueError(" ".join(errors))
    return tuple(operations)


def run_operations(
    canvas: Canvas,
    operations: tuple[str, ...],
    *,
    deadline: Deadline,
    with_engine: Mapping[str, Callable[[Canvas], OperationResult]],
) -> tuple[Canvas, tuple[StageRecord, ...]]:
    """Run the operations in order; the canvas after them, and what each found and did.

    `with_engine` has the functions of operations that need an engine, by name.

    Raises:
        DeadlinePassed: the time is over; it is checked before each operation.
    """
    stages = []
    for text in operations:
        deadline.check()
        name, parameters = _parse(text)
        function = OPERATIONS[name].function or with_engine[name]
        started_s = time.perf_counter()
        canvas, found, did = function(canvas, **parameters)
        stages.append(StageRecord.since(started_s, name, found, did))
    return canvas, tuple(stages)


def _parse(operation: str) -> tuple[str, dict[str, float]]:
    """Name and parameters of one operation such as `sauvola(k=0.3)`."""
    name, _, inside = operation.removesuffix(")").partition("(")
    if name == "auto":
        raise ValueError("auto is the whole recipe; ask for it alone.")
    if name not in OPERATIONS:
        shown, there_are = with_closest(repr(name), [name], OPERATIONS), ", ".join(OPERATIONS)
        raise ValueError(f"{shown} is not a step; there are {there_are}.")
    known = {parameter.name: parameter for parameter in OPERATIONS[name].parameters}
    values: dict[str, float] = {}
    errors = []
    for item in filter(None, (item.strip() for item in inside.split(","))):
        key, _, value = (part.strip() for part in item.partition("="))
        if key not in known:
            there_are = ", ".join(known) or "none"
            errors.append(f"{name} has no parameter {key!r}; there are {there_are}.")
            continue
        try:
            values[key] = known[key].parse(value)
        except ValueError as error:
            errors.append(f"In {name}, {error}")
    if errors:
        raise ValueError(" ".join(errors))
    return name, values
