"""Persons apart from accounts, and the dated duties that tie them to places and units."""
