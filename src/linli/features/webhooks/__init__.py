"""Webhooks out: see README.md."""
