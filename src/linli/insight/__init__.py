"""Figures about cases. This room reads and never acts; nothing below it knows that it exists."""
