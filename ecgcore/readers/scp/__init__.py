"""SCP-ECG (EN 1064): one module a section of the standard, `reader` on top."""
