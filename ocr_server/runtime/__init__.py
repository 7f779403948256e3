"""Worker processes: the pool and its slots, admission of requests, and scratch space."""
