"""Worker processes: the pool, its slots, who may enter, and scratch space."""
