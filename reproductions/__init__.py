"""Comparisons with published systems, by their own protocols; see README.md here."""
