"""Stored fits: several models of the same rows, kept with what they were made of."""
