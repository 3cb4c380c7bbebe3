"""Monomials of named columns: the terms that a law is asked in."""
