"""Files that have text of their own, of office programs, mail and the web: text as blocks."""
