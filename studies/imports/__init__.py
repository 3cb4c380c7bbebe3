"""Runs that were made elsewhere: their curves as crossings, and tables of them as studies."""

from grokscale.studies.imports.crossings import crossings

__all__ = ["crossings"]
