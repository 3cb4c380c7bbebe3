"""Tasks from outside: which a server's settings configure, and whether they are those that a study was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError

from grokscale.studies.spec import StudySpec
from grokscale.trainers.plugins.apart import TaskFailed
from grokscale.trainers.plugins.plugin import Code, Found
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import configured, installed
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.description import IMPORTED, Description
from grokscale.trainers.trial import Identity, Trial

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings
    from grokscale.studies.store import Store

log = structlog.stdlib.get_logger("grokscale.studies.tasks")

_CACHE = "tasks"
"""In DATA_DIR: what each module describes, by the hash of its code."""


def found(settings: Settings) -> Found:
    """Return the tasks from outside that the settings configure; takes as long as their imports, once a version."""
    sources = [*configured(settings.tasks or ""), *installed()]
    cache = settings.data_dir / _CACHE if settings.data_dir.is_dir() else None
    return read(sources, registry.BUILT_IN, settings.allowed_tasks, cache)


def configure(settings: Settings) -> None:
    """Have them found when they are first asked for, and what fails of them told in the log."""

    def find() -> Found:
        offered = found(settings)
        for plugin in offered.plugins:
            log.info("task offered", kind=plugin.kind, code=str(plugin.code))
        for trouble in offered.troubles:
            log.warning("task not offered", source=trouble.source, reason=trouble.reason)
        return offered

    registry.offer_what(find)


def versions_of(kind: str) -> dict[str, Any]:
    """Return what a study's `versions` say of the code of its task: nothing where it is this package's own."""
    plugin = registry.plugins().get(kind)
    return {} if plugin is None else {"task": plugin.code.to_json()}


def differs(kind: str, then: Description, versions: Mapping[str, Any]) -> str | None:
    """Return why this process cannot go on with a study, in a sentence; None: its task is here, and the same.

    Args:
        kind: of its task.
        then: the description that it was made with.
        versions: of the study.
    """
    code = versions.get("task")
    was = f"the task {kind}" + (f" of {Code(**code)}" if code else "")
    now = registry.described().get(kind)
    if now is None:
        module = code["module"] if code else kind
        why = [f": {one.reason}" for one in registry.known().troubles if one.source.startswith(module)]
        return f"{was} is not offered here{(why or [''])[0]}"
    plugin = registry.plugins().get(kind)
    same = now.version == then.version if plugin is None else code is not None and plugin.code.same(code)
    if same:
        return None
    here = f"version {now.version} of it" if plugin is None else str(plugin.code)
    return f"{was} is another one here, {here}: `:retry` takes the study on with it where its draws stay the same"


class NotAdopted(Exception):
    """A study cannot go on with the task that is here; the message says why."""


def adopt(store: Store, study_id: str) -> None:
    """Have a study go on with the version of its task that is here, where its specification and draws stay the same.

    Raises:
        NotFound: no such study.
        NotAdopted: they do not, or there is no such task here.
        ImpossibleTransition: a runner has the study.
    """
    study, then = store.study(study_id), store.description(study_id)
    if then.kind == IMPORTED:
        return  # what changes states says why there is nothing to go on with
    if differs(then.kind, then, study.versions) is None:
        return
    now = registry.described().get(then.kind)
    if now is None:
        raise NotAdopted(f"the task {then.kind} is not offered here")
    _check(study.spec, store.identities(study_id))
    kept = {name: value for name, value in study.versions.items() if name != "task"}
    before = [*study.versions.get("task_before", []), study.versions.get("task", {"version": then.version})]
    store.adopt(study_id, now, kept | {"task_before": before} | versions_of(then.kind))


def _check(written: Mapping[str, Any], named: list[tuple[Trial, Identity]]) -> None:
    try:
        spec = StudySpec.model_validate(written)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise NotAdopted(f"the task that is here does not take the study's specification, in {where}") from None
    if spec.canonical() != written:
        raise NotAdopted("to the task that is here the study's specification says something else")
    try:
        found = registry.identities(spec.task.kind, spec.seed, [trial for trial, _ in named])
    except TaskFailed as error:
        raise NotAdopted(str(error)) from None
    other = [trial.index for (trial, was), now in zip(named, found, strict=True) if was != now]
    if other:
        first = f"trial {other[0]} the first"
        raise NotAdopted(f"the task that is here draws other data for {len(other)} of {len(named)} trials, {first}")
