"""Requests from other systems: see README.md."""
