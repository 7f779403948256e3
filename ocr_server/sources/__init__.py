"""A file to its pages: pictures and PDF."""
