"""How the configurations of a study are chosen. `configurations` answers for every search of the specification."""

from studies.search.configurations import configurations, fields, swept

__all__ = ["configurations", "fields", "swept"]
