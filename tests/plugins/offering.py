"""Tasks from outside in the process of a test, which has read specifications before, as no other process has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.parse import members
from grokscale.studies.spec.sections import models
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.tasks import registry


@contextmanager
def offered(*plugins: Plugin) -> Iterator[None]:
    """Offer these for a while."""
    _offer(plugins)
    try:
        yield
    finally:
        _offer(())


def _offer(plugins: tuple[Plugin, ...]) -> None:
    registry.offer(plugins)
    models.cache_clear()
    members.cache_clear()
    StudySpec.model_rebuild(force=True)
