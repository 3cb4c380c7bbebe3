"""Trials and their curves."""
