"""Typed blocks and registers, one folder each, strangers to each other."""
