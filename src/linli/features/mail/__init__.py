"""E-mail in: see README.md."""
