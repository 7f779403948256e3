"""A page as a browser can show it."""

from __future__ import annotations

import io

from PIL import Image

from ocr_server.imaging.canvas import Canvas

MEDIA_TYPE = "image/jpeg"
# Enough to see a full stop of a printed A4 page; a tenth of the bytes of a scan.
PREVIEW_SIDE_PX = 2400
QUALITY = 85


def draw_preview(canvas: Canvas) -> bytes:
    """A JPEG of the canvas, its longer side at most 2,400 pixels."""
    longest = max(canvas.width_px, canvas.height_px)
    if longest > PREVIEW_SIDE_PX:
        canvas = canvas.scaled(PREVIEW_SIDE_PX / longest)
    drawn = io.BytesIO()
    Image.fromarray(canvas.pixels).save(drawn, "JPEG", quality=QUALITY)
    return drawn.getvalue()
