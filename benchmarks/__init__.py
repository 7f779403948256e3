"""Figures against plain Tesseract, measured in the same run."""
