"""Which frames of a TIFF are pages: its previews, pyramids and masks are none.

Source: TIFF 6.0, section 8, NewSubfileType and SubfileType.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PIL import TiffImagePlugin

from ocr_server.errors import DamagedPicture

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_REDUCED, _MASK = 1, 4  # bits of the first
_OLD_REDUCED = 2  # a value of the second, which is out of use
_MOST_COPIES = 64  # of a page; each is half as large as the one before


class TiffPage(NamedTuple):
    """The frame that is a page, from 0, and how many frames beside it show it smaller or masked."""

    frame: int
    copies: int = 0


def pages_of_tiff(picture: TiffImagePlugin.TiffImageFile) -> Iterator[TiffPage]:
    """The pages in order, the last of them one that is broken, if one is.

    Where a TIFF has only small copies, its first frame is the page.

    Raises:
        DamagedPicture: there are more copies than any program writes.
    """
    page: int | None = None
    frame = copies = 0
    while True:
        try:
            picture.seek(frame)
        except EOFError:
            break
        except Exception:  # noqa: BLE001  # Pillow raises what the broken frame happens to cause
            if page is not None:
                yield TiffPage(page, copies)
            yield TiffPage(frame)
            return
        if not _is_page(picture):
            copies += 1
        else:
            if page is not None:
                yield TiffPage(page, copies)
                copies = 0
            page = frame
        if copies > _MOST_COPIES:
            raise DamagedPicture(
                f"The TIFF has more than {_MOST_COPIES} smaller copies of a page. Save it again "
                "without them."
            )
        frame += 1
    yield TiffPage(page, copies) if page is not None else TiffPage(0, copies - 1)


def _is_page(picture: TiffImagePlugin.TiffImageFile) -> bool:
    kind = picture.tag_v2.get(_NEW_SUBFILE_TYPE)
    if isinstance(kind, int):
        return not kind & (_REDUCED | _MASK)
    return bool(picture.tag_v2.get(_SUBFILE_TYPE) != _OLD_REDUCED)
