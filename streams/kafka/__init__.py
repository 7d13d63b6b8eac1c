"""Clients, topics, access, and reading or following topics."""
