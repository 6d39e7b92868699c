"""Interfaces for machines: the Open311 façade for everybody, and the JSON API for whoever has an account."""
