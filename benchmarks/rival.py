"""The OCR server that everybody writes first: what `speed.py` measures us against."""

from __future__ import annotations

import sys

import pytesseract
from flask import Flask, request
from PIL import Image

app = Flask(__name__)


@app.post("/")
def read() -> str:
    """The text of the picture in the field `file`."""
    return str(pytesseract.image_to_string(Image.open(request.files["file"].stream), lang="eng"))


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
