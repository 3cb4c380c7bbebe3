"""The task families, one folder each, and the registry of them."""
