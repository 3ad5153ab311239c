"""Statements from any leads: the network of several tasks, and the first classifier."""
