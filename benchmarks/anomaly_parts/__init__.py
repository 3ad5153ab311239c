"""Parts of the anomaly benchmark."""
