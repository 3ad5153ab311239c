"""The delineator of P, QRS and T."""
