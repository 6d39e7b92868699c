"""Personal calendar addresses: see README.md."""
