"""Files that have text and no picture, of office programs, mail and the web: text as blocks."""
