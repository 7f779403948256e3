"""The document: a tree of pages, zones, lines and words, and its JSON."""
