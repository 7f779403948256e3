"""The HTTP server: waitress, its channels and the TLS front."""
