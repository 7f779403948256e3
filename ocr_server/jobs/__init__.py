"""Durable jobs: documents that are read page by page, whatever becomes of clients and machines."""
