"""The figures of the shipped weights on simulated records, kept: a change is seen and meant."""
