"""DICOM waveforms: read and written."""
