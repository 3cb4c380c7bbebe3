"""Scaling laws fitted to a study's trials."""
