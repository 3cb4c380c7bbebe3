"""Stored fits of scaling laws: what a paper can cite."""

from grokscale.studies.fits.fits import Wanted, is_stale, make

__all__ = ["Wanted", "is_stale", "make"]
