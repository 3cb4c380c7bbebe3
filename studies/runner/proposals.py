"""What an adaptive search tries next. It is asked for when all earlier trials have ended, and written as rows before
it runs.
"""

from __future__ import annotations

import structlog

from grokscale.studies.plan import plan_batch
from grokscale.studies.runner.control import Control
from grokscale.studies.runner.persistence import firmly
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive
from grokscale.studies.store import Lease, Store

log = structlog.stdlib.get_logger("grokscale.studies.runner")


class Proposals:
    """The batches that are still to be proposed for a study; a search that is not adaptive has none.

    A batch depends on the rows alone (`studies.search.samplers`) and is inserted in one transaction: a driver that
    is killed before the transaction leaves nothing behind, and one that is killed after it leaves the batch to its
    successor.

    Args:
        store: read and written under the lease.
        lease: of the study.
        spec: of the study.
        control: knows how many packs the cluster holds.
    """

    def __init__(self, store: Store, lease: Lease, spec: StudySpec, control: Control) -> None:
        self._store, self._lease, self._spec, self._control = store, lease, spec, control

    def left(self) -> bool:
        """Return whether configurations are still to be proposed, given that every trial so far has ended."""
        if not isinstance(self._spec.search, Adaptive):
            return False
        progress = firmly(self._store.study, self._lease.study_id).progress
        return progress.ended < progress.total

    def add(self) -> None:
        """Propose the next batch and write it as rows. Every trial so far must have ended, and some must be left to
        propose.
        """
        # seconds to import, which the driver of another search never needs
        from grokscale.studies.search.proposing import next_batch

        points, first, prune_after = next_batch(
            self._lease.study_id, self._spec, firmly(self._store.table, self._lease.study_id)
        )
        batch = plan_batch(self._spec, points, first, self._control.slots or 1, prune_after)
        added = firmly(self._store.extend, self._lease, batch)
        log.info("batch proposed", configurations=len(points), first=first, prune_after=prune_after, added=added)
