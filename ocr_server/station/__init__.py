"""A station: a long-running reader of one kind of picture, from its sources to its sinks."""
