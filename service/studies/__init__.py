"""Studies: submit, list, read, cancel, delete."""
