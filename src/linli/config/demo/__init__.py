"""The demo: a made-up district whose past sixty days are lived through by the real acts."""
