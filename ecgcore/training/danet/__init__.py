"""The waveform-attention networks and their controls."""
