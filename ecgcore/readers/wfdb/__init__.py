"""WFDB records and their annotations: read and written."""
