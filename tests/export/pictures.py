"""Pictures and PDFs drawn for the tests, and what readers find in a PDF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name
from PIL import Image


def noise(width_px: int, height_px: int, *, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Smooth noise: compressible as a scan is, and different everywhere."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height_px // 8 + 1, width_px // 8 + 1, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC)
    return picture.convert(mode)


def typed_pdf(path: Path, *texts: str, size_pt: int = 20, invisible: bool = False) -> Path:
    """A PDF of A6 pages, each with one line of real text near its top."""
    pdf = pikepdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    for text in texts:
        page = pdf.add_blank_page(page_size=(298, 420))
        page.obj.Resources = Dictionary(Font=Dictionary(F=font))
        mode = 3 if invisible else 0
        shown = f"BT {mode} Tr /F {size_pt} Tf 30 360 Td ({text}) Tj ET\n"
        page.obj.Contents = pdf.make_stream(shown.encode("ascii"))
    pdf.save(path)
    return path


def picture_pdf(path: Path, picture: Image.Image, *, text: str = "") -> Path:
    """A PDF of one page filled by a picture, with a line of real text over it if wanted."""
    typed_pdf(path, text)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        image = pdf.make_stream(picture.convert("L").tobytes())
        image.Type, image.Subtype = Name.XObject, Name.Image
        image.Width, image.Height = picture.size
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        page.add_resource(image, Name.XObject, Name.Picture)
        page.contents_add(b"q 298 0 0 420 0 0 cm /Picture Do Q\n", prepend=True)
        pdf.save(path)
    return path


def put_into_form(path: Path, drawn: str) -> Path:
    """Make the first page one that draws what it shows as a form, `/Form Do` in `drawn`."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.contents_coalesce()
        form = pdf.make_stream(page.Contents.read_bytes())
        form.Type, form.Subtype = Name.XObject, Name.Form
        form.BBox, form.Resources = page.mediabox, page.Resources
        page.obj.Resources = Dictionary(XObject=Dictionary(Form=form))
        page.obj.Contents = pdf.make_stream(drawn.encode("ascii"))
        pdf.save(path)
    return path


def pdf_text(path: Path, index: int = 0) -> str:
    """What PDFium copies from a page, blanks and line breaks made one blank."""
    document = pypdfium2.PdfDocument(path)
    try:
        return " ".join(document[index].get_textpage().get_text_range().split())
    finally:
        document.close()


def pdf_pixels(path: Path, index: int = 0, *, scale: float = 1) -> np.ndarray:
    """What a page looks like, in RGB."""
    document = pypdfium2.PdfDocument(path)
    try:
        return np.array(document[index].render(scale=scale, rev_byteorder=True).to_numpy())
    finally:
        document.close()


def picture_bytes(pdf: pikepdf.Pdf) -> bytes:
    """The first picture of the first page, as it is stored."""
    picture = next(iter(pdf.pages[0].obj.Resources.XObject.as_dict().values()))
    return picture.read_raw_bytes()
