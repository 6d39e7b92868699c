"""A WeChat Official Account as a channel: see README.md."""
