"""The command line: `serve`, `work`, `read`, `job`, `station`, `mcp`, `languages`, `doctor`."""
