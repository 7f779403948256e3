"""The document: its tree of pages, zones, lines and words, and its JSON."""
