"""Places and units: dated trees on the 12-digit statistical division codes."""
