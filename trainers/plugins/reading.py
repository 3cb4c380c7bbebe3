"""What the configured modules describe: read by a child each, or known of before by the code that they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from grokscale.trainers import files
from grokscale.trainers.plugins.apart import PROGRAM
from grokscale.trainers.plugins.checks import Refused, check
from grokscale.trainers.plugins.loading import implementation
from grokscale.trainers.plugins.plugin import Code, Found, Plugin, Trouble
from grokscale.trainers.plugins.process import Process, Silent
from grokscale.trainers.plugins.sources import NotThere, Source, code
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.documents import NoDescription, from_json

READ_SECONDS = 60.0
"""For a module's imports: torch takes seconds, and tens of them on a machine that has other things to do."""
_AT_ONCE = 4


def read(
    sources: Sequence[Source],
    built_in: Iterable[Description],
    allowed: Sequence[str] = (),
    cache: Path | None = None,
    seconds: float = READ_SECONDS,
) -> Found:
    """Return the tasks that some modules describe, and why others do not count.

    Args:
        sources: in the order in which they have a right to a kind.
        built_in: whose kinds nobody takes.
        allowed: kinds, modules, files or names of entry points; empty: all.
        cache: a directory for what is known by the code's hash; None: each is read.
        seconds: after which a child that reads is ended.
    """
    wanted = [source for source in sources if _may_be(source, sources, allowed)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda source: _read(source, cache, seconds), wanted))
    plugins: list[Plugin] = []
    troubles: list[Trouble] = []
    for source, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, Trouble):
            troubles.append(answer)
            continue
        for plugin in answer:
            if _is_allowed(plugin.kind, source, sources, allowed):
                try:
                    check(plugin.description, [*built_in, *(one.description for one in plugins)])
                    plugins.append(plugin)
                except Refused as error:
                    troubles.append(Trouble(str(source), str(error)))
    return Found(tuple(plugins), (*troubles, *_unknown(allowed, sources, plugins)))


def _names(source: Source) -> set[str]:
    return {source.module, source.module.partition(":")[0], source.name} - {""}


def _kinds(allowed: Sequence[str], sources: Sequence[Source]) -> set[str]:
    """Return what of the allowed names is no source, and so a kind."""
    return {*allowed}.difference(*map(_names, sources))


def _may_be(source: Source, sources: Sequence[Source], allowed: Sequence[str]) -> bool:
    """Return whether a source has to be read: it is allowed itself, or may have an allowed kind."""
    return not allowed or bool(_names(source) & {*allowed}) or bool(_kinds(allowed, sources))


def _is_allowed(kind: str, source: Source, sources: Sequence[Source], allowed: Sequence[str]) -> bool:
    return not allowed or bool(_names(source) & {*allowed}) or kind in _kinds(allowed, sources)


def _unknown(allowed: Sequence[str], sources: Sequence[Source], plugins: Sequence[Plugin]) -> list[Trouble]:
    unknown = sorted(_kinds(allowed, sources) - {plugin.kind for plugin in plugins})
    return [Trouble(name, "it is allowed, and no task or module of this name is configured") for name in unknown]


def _read(source: Source, cache: Path | None, seconds: float) -> list[Plugin] | Trouble:
    try:
        which = code(source)
        known = _kept(which, cache)
        found = _asked(which, seconds) if known is None else known
        plugins = [
            Plugin(which, replace(one, implementation=implementation(one, which.module)))
            for one in map(from_json, found)
        ]
    except (NotThere, Silent, NoDescription) as error:
        return Trouble(str(source), str(error))
    if known is None:
        _keep(which, found, cache)
    return plugins


def _asked(which: Code, seconds: float) -> list[dict]:
    process = Process(PROGRAM)
    try:
        said = process.ask({"ask": "describe", "module": which.module}, seconds)
    finally:
        process.kill()
    if "error" in said:
        raise NotThere(f"its import failed: {said['error']}")
    return said["answer"]


# -- what is known of before -------------------------------------------------------------------------------------------


def _path(which: Code, cache: Path) -> Path:
    told = json.dumps(which.to_json(), sort_keys=True)
    return cache / f"{hashlib.sha256(told.encode()).hexdigest()}.json"


def _kept(which: Code, cache: Path | None) -> list[dict] | None:
    """Return what this very code described before; None where nobody knows, or what is kept cannot be read."""
    if cache is None or not which.source:
        return None
    try:
        found = json.loads(files.read(_path(which, cache), own=True))
        for one in found:
            from_json(one)
    except (OSError, ValueError, TypeError):
        return None
    return found


def _keep(which: Code, found: list[dict], cache: Path | None) -> None:
    if cache is None or not which.source:
        return
    with contextlib.suppress(OSError):  # it is read again the next time
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _path(which, cache)
        beside = path.with_suffix(f".{os.getpid()}")
        with files.create(beside, own=True) as file:
            file.write(json.dumps(found).encode())
        beside.replace(path)
