"""EDF, EDF+ and BDF: read and written."""
