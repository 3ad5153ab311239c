"""DANet and its controls."""
