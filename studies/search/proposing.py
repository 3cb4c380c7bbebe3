"""From a study's rows to the next batch of its adaptive search."""

from __future__ import annotations

import pyarrow as pa

from grokscale.studies.search.goals import prune_after, told
from grokscale.studies.search.samplers import propose
from grokscale.studies.search.space import Point
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive


def next_batch(study_id: str, spec: StudySpec, table: pa.Table) -> tuple[list[Point], int, int | None]:
    """Return the points of the next batch, the number of its first configuration, and when its trials are pruned.

    The same rows give the same points, at any time and in any process.

    Args:
        study_id: of the study.
        spec: with an adaptive search that has not proposed all of its configurations.
        table: the study's trials, all of them ended.
    """
    search = spec.search
    assert isinstance(search, Adaptive)
    known = told(table, spec)
    points = propose(study_id, spec, known, min(search.batch, search.num_configs - len(known)))
    return points, len(known), prune_after(table, spec)
