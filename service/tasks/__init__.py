"""The tasks that a study can be of."""
