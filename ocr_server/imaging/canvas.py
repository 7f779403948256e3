"""The working pixels of a page, with the transform from canvas pixels to page pixels.

An operation that moves pixels uses a method of `Canvas`, which keeps `to_page` right. Coordinates
are at pixel corners; OpenCV's are at pixel centres, and the half-pixel shift between the two is
made in this module only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box, Point, Quad, Transform, TransformChain, VerticalDisplacement
from ocr_server.job import MAX_SIDE_PX

Pixels: TypeAlias = NDArray[np.uint8]

_MOST_SQUARED = 40_000_000  # pixels: more than a fax has, less than a worker's memory holds
_GRID = 65  # points along each side of a page between which a transform is taken as linear
_TO_CENTRES = Transform.shift(-0.5, -0.5)
_TO_CORNERS = Transform.shift(0.5, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Pixels of a page, its resolution, and the transform back to page pixels.

    `pixels` is uint8, grey (height, width) or RGB (height, width, 3); ink is 0, paper 255. `dpi` is
    the resolution of the page according to the file, whatever the size of the canvas. `to_page`
    maps points of this canvas to page pixels. `pixel_aspect` is the height of a pixel divided by
    its width; a fax may have 2.
    """

    pixels: Pixels = field(repr=False)
    dpi: float | None = None
    to_page: TransformChain = field(default_factory=TransformChain)
    pixel_aspect: float = 1.0

    @property
    def width_px(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0])

    @property
    def box(self) -> Box:
        """The box of the whole canvas, in canvas pixels."""
        return Box(0, 0, self.width_px, self.height_px)

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB, not grey."""
        return self.pixels.ndim == 3

    def with_pixels(self, pixels: Pixels) -> Canvas:
        """A canvas with other pixels of equal width and height, which show the same place.

        Raises:
            ValueError: the new pixels have another width or height.
        """
        if pixels.shape[:2] != self.pixels.shape[:2]:
            raise ValueError(f"pixels moved: {self.pixels.shape} became {pixels.shape}")
        return replace(self, pixels=pixels)

    def as_page(self) -> Canvas:
        """A canvas with these pixels that is a page of its own: `to_page` is the identity."""
        return replace(self, to_page=TransformChain())

    def grey(self) -> Canvas:
        """The canvas as luminance, (height, width); a grey canvas is returned as it is."""
        if not self.is_colour:
            return self
        return self.with_pixels(
            cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        )

    def cropped(self, box: Box) -> Canvas:
        """The part inside `box`, in canvas pixels, enlarged to whole pixels within the canvas.

        Raises:
            ValueError: the box lies outside the canvas.
        """
        left, top = max(0, int(box.left)), max(0, int(box.top))
        right = min(self.width_px, int(np.ceil(box.right)))
        bottom = min(self.height_px, int(np.ceil(box.bottom)))
        if left >= right or top >= bottom:
            raise ValueError(f"{box} lies outside a canvas of {self.width_px}×{self.height_px}")
        return self._moved(self.pixels[top:bottom, left:right], Transform.shift(left, top))

    def padded(self, margin_px: int, *, fill: int) -> Canvas:
        """The canvas with a margin of the grey level `fill` on all sides."""
        pixels = cv2.copyMakeBorder(
            self.pixels, margin_px, margin_px, margin_px, margin_px,
            cv2.BORDER_CONSTANT, value=(fill, fill, fill),
        ).astype(np.uint8, copy=False)  # fmt: skip
        return self._moved(pixels, Transform.shift(-margin_px, -margin_px))

    def scaled(self, factor: float) -> Canvas:
        """The canvas enlarged (bicubic) or shrunk (area average); at least one pixel is left."""
        return self._stretched(factor, factor)

    def with_square_pixels(self) -> Canvas:
        """The canvas with square pixels: enlarged along the side of lower resolution.

        If it would be too large, it is shrunk along the other side instead.
        """
        if self.pixel_aspect == 1:
            return self
        across, down = max(1.0, 1 / self.pixel_aspect), max(1.0, self.pixel_aspect)
        is_large = self.width_px * self.height_px * across * down > _MOST_SQUARED
        if is_large or max(self.width_px * across, self.height_px * down) > MAX_SIDE_PX:
            across, down = 1 / down, 1 / across
        return replace(self._stretched(across, down), pixel_aspect=1.0)

    def _stretched(self, across: float, down: float) -> Canvas:
        width = max(1, round(self.width_px * across))
        height = max(1, round(self.height_px * down))
        method = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
        pixels = cv2.resize(self.pixels, (width, height), interpolation=method)
        back = Transform.scale(self.width_px / width, self.height_px / height)
        return self._moved(pixels.astype(np.uint8, copy=False), back)

    def rotated_90(self, quarters: int) -> Canvas:
        """The canvas rotated clockwise by `quarters` × 90°, without loss."""
        width, height = self.width_px, self.height_px
        backs = (
            Transform.identity(),
            Transform((0, 1, 0, -1, 0, height, 0, 0, 1)),
            Transform((-1, 0, width, 0, -1, height, 0, 0, 1)),
            Transform((0, -1, width, 1, 0, 0, 0, 0, 1)),
        )
        quarters %= 4
        if not quarters:
            return self
        pixels = np.ascontiguousarray(np.rot90(self.pixels, -quarters))
        turned = self._moved(pixels, backs[quarters])
        return replace(turned, pixel_aspect=1 / self.pixel_aspect) if quarters % 2 else turned

    def rotated(self, angle_deg: float, *, fill: int) -> Canvas:
        """The canvas rotated clockwise; it grows to hold all of it, and new pixels are `fill`."""
        turn = Transform.rotation(angle_deg)
        turned = self.box.quad().mapped(turn).box
        width = max(1, int(np.ceil(turned.width - 1e-6)))
        height = max(1, int(np.ceil(turned.height - 1e-6)))
        forth = turn.then(Transform.shift(-turned.left, -turned.top))
        return self._warped(forth, width, height, fill=fill)

    def rectified(self, quad: Quad, width_px: int, height_px: int) -> Canvas:
        """The content of `quad`, in canvas pixels, mapped to a rectangle of the given size.

        Raises:
            ValueError: the quad has no area.
        """
        wanted = Box(0, 0, width_px, height_px).quad()
        matrix = cv2.getPerspectiveTransform(
            np.array(quad, dtype=np.float32), np.array(wanted, dtype=np.float32)
        )
        forth = Transform(tuple(float(v) for v in matrix.ravel()))  # type: ignore[arg-type]  # nine
        return self._warped(forth, width_px, height_px, fill=255)

    def dewarped(self, shift: VerticalDisplacement) -> Canvas:
        """The canvas with pixels moved vertically; `shift` maps points of the result to it."""
        grid = np.array(shift.shifts_px, dtype=np.float32)
        rows, columns = grid.shape
        xs = (np.arange(self.width_px, dtype=np.float32) + 0.5) / self.width_px * (columns - 1)
        ys = (np.arange(self.height_px, dtype=np.float32) + 0.5) / self.height_px * (rows - 1)
        u, v = np.meshgrid(xs, ys)
        moves = cv2.remap(grid, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        source_x = np.tile(np.arange(self.width_px, dtype=np.float32), (self.height_px, 1))
        source_y = np.arange(self.height_px, dtype=np.float32)[:, None] + moves
        pixels = cv2.remap(
            self.pixels, source_x, source_y.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)  # fmt: skip
        return replace(self, pixels=pixels, to_page=self.to_page.after(shift))

    def laid_back(self, page: Canvas, *, longest_px: int) -> Canvas:
        """The canvas mapped back to its page; parts of the page that it does not show are white.

        The result is scaled so that its longer side has at most `longest_px`, as the arrays of
        coordinates would else need too much memory.
        """
        factor = min(1.0, longest_px / max(page.width_px, page.height_px))
        width, height = (
            max(1, round(page.width_px * factor)),
            max(1, round(page.height_px * factor)),
        )
        canvas = self.scaled(min(1.0, longest_px / max(self.width_px, self.height_px)))
        there = canvas.to_page.inverse()
        places = np.array(
            [
                list(there.apply_all(Point(x, y) for x in np.linspace(0, page.width_px, _GRID)))
                for y in np.linspace(0, page.height_px, _GRID)
            ],
            np.float32,
        )
        u, v = np.meshgrid(
            ((np.arange(width) + 0.5) / width * (_GRID - 1)).astype(np.float32),
            ((np.arange(height) + 0.5) / height * (_GRID - 1)).astype(np.float32),
        )
        source = cv2.remap(places, u, v, cv2.INTER_LINEAR) - 0.5  # to OpenCV's pixel centres
        pixels = cv2.remap(
            canvas.pixels, source[..., 0], source[..., 1], cv2.INTER_LINEAR,
            borderValue=(255, 255, 255),
        ).astype(np.uint8, copy=False)  # fmt: skip
        return Canvas(pixels, page.dpi)

    def _moved(self, pixels: Pixels, back: Transform) -> Canvas:
        return replace(self, pixels=pixels, to_page=self.to_page.after(back))

    def _warped(self, forth: Transform, width_px: int, height_px: int, *, fill: int) -> Canvas:
        centred = _TO_CORNERS.then(forth).then(_TO_CENTRES)
        pixels = cv2.warpPerspective(
            self.pixels, np.array(centred.matrix).reshape(3, 3), (width_px, height_px),
            flags=cv2.INTER_LINEAR, borderValue=(fill, fill, fill),
        ).astype(np.uint8, copy=False)  # fmt: skip
        return self._moved(pixels, forth.inverse())


class OperationResult(NamedTuple):
    """The canvas after an operation, and what the operation found and did.

    Both are phrases that a page can show; `did` is empty if nothing had to be done.
    """

    canvas: Canvas
    found: str = ""
    did: str = ""
