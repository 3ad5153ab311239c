"""The network that restores normal ECGs, and the norms of its score."""
