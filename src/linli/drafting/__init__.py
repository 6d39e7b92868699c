"""What the author of a pack needs: check it, play its scenarios, explain it in words and pictures. Pure."""
