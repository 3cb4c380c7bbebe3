"""How the configurations of a study are chosen. `configurations` answers for every search of the specification.

Adaptive searches go on from there batch by batch: `goals` says what is made of the results, `samplers` what is tried
next (and imports Optuna, which takes a second: only who proposes imports it).
"""

from grokscale.studies.search.configurations import at_points, configurations, fields, swept

__all__ = ["at_points", "configurations", "fields", "swept"]
