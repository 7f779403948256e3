"""PDF written: pages, pictures and an invisible text layer."""
