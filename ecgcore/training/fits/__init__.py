"""Small tables fitted to records: quality, reversal, beats."""
