"""Measurements: each figure beside its limit or its peer, in one run, on this machine."""
