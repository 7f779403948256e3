"""Reading PDF: pages as pictures, and their text layer.

PDFium is called here and in `export/pdf`, and nowhere else.
"""
