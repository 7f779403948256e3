"""What Chromium's fake camera shows: a letter on a desk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

FRAME_PX = (1280, 720)  # even: an odd size never delivers a frame
FAKE_CAMERA = "--use-fake-device-for-media-stream"
FAKE_ANSWER = "--use-fake-ui-for-media-stream"


def film(path: Path, *pictures: Image.Image, frames: int = 2) -> Path:
    """A film that Chromium's fake camera shows over and over: raw YUV 4:2:0 (YUV4MPEG2).

    Each picture stands for some `frames`, of which there are five a second.
    """
    width_px, height_px = FRAME_PX
    new = path.with_suffix(".part")  # a camera that still shows the old one keeps it
    with new.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width_px} H{height_px} F5:1 Ip A1:1 C420\n".encode())
        for picture in pictures:
            frame = np.asarray(picture.convert("RGB").resize(FRAME_PX))
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes()
            file.write((b"FRAME\n" + planes) * frames)
    return new.rename(path)


def on_desk(page_picture: Image.Image) -> Image.Image:
    """The picture on a dark desk, seen a little aslant, as a camera would."""
    width_px, height_px = page_picture.size
    corners = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)], np.float32)
    places = np.array([(300, 60), (990, 90), (1040, 660), (250, 640)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, places)
    desk = np.full((FRAME_PX[1], FRAME_PX[0], 3), (60, 50, 45), np.uint8)
    seen = cv2.warpPerspective(
        np.asarray(page_picture.convert("RGB")), matrix, FRAME_PX, dst=desk,
        flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    return Image.fromarray(seen.astype(np.uint8))
