"""The revisions: a file each, never changed once released."""
