"""Binary files: Holter and hand-held recorders, MFER, MATLAB, NumPy and Parquet."""
