"""Field extraction: finders of values on a page, and validation of the values."""
