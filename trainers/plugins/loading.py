"""A module from outside, imported in this process: only workers and children that may end do so."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.plugins.sources import NotThere, Source, code, file_of, lies_beside, name_of, split
from grokscale.trainers.tasks.description import Description

if TYPE_CHECKING:
    from grokscale.trainers.task import Task

_OURS = "grokscale."


class Lacking(Exception):
    """The code that was to run is not in this process; the message names what is needed, and what there is instead."""


def imported(module: str) -> ModuleType:
    """Import a module, or a file under the one name that it has.

    Raises:
        NotThere: there is no such file, or it imports one that lies beside it and cannot be found.
        Exception: whatever the module raises.
    """
    name, path = name_of(module), file_of(module)
    if path is None or name in sys.modules:
        return import_module(name)
    if not path.is_file():
        raise NotThere(f"no file {path}")
    spec = spec_from_file_location(name, path, loader=_AsItIs(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    sys.modules[name] = made  # what looks itself up while it is imported, such as a dataclass, finds itself
    try:
        spec.loader.exec_module(made)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, ModuleNotFoundError) and error.name and lies_beside(path, error.name):
            raise NotThere(
                f"{path.name} imports {error.name}, which lies beside it: a file is imported on its own; accepted: one "
                f"file, a package that is installed, or PYTHONPATH={path.parent} for the server and its workers"
            ) from error
        raise
    return made


class _AsItIs(SourceFileLoader):
    """Compiles what the file holds: bytecode of a second ago is taken for it where its size is the same."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the source."""
        return self.source_to_code(self.get_data(self.path), self.path)


def described_in(module: str) -> list[Description]:
    """Import a module and return what it describes: the object that is named, or else every one of its own.

    A description is an object of the module, or the `description` of one of its classes.

    Raises:
        NotThere: there is no such file, or no description in it.
        Exception: whatever the module raises.
    """
    made = imported(module)
    _, _, name = split(module)
    if name and not hasattr(made, name):
        raise NotThere(f"{split(module)[0]} has no {name}")
    found = list(dict.fromkeys(_descriptions({name: getattr(made, name)} if name else vars(made))))
    if not found:
        raise NotThere(f"{module} describes no task; accepted: a Description, or a class with one as `description`")
    return found


def carried_out(one: Description, module: str) -> Task:
    """Return what carries out a task that a module describes.

    Raises:
        NotThere: its implementation names no class.
    """
    where, _, name = implementation(one, module).partition(":")
    made = getattr(import_module(where), name, None)
    if made is None:
        raise NotThere(f"{where} has no {name}, which the task {one.kind} names as its implementation")
    return made()


def implementation(one: Description, module: str) -> str:
    """Return `module:Class` of a description; one that names the class alone means its own module."""
    where, colon, name = one.implementation.rpartition(":")
    return f"{where or name_of(module)}{colon or ':'}{name}"


def _descriptions(members: Mapping[str, Any]) -> Iterator[Description]:
    for value in members.values():
        one = getattr(value, "description", None) if isinstance(value, type) else value
        # what a module imports of ours is not its own
        if isinstance(one, Description) and not one.implementation.startswith(_OURS):
            yield one


def check(plugin: Plugin) -> None:
    """Import a plugin here, where it is the code that was told of.

    Raises:
        Lacking: it is not here, is other code, or cannot be imported.
    """
    told = plugin.code
    lacks = f"the task {plugin.kind} of {told}"
    try:
        here = code(Source(told.module, told.package))
    except NotThere as error:
        raise Lacking(f"{lacks} is not here: {error}") from None
    if not here.same(told.to_json()):
        raise Lacking(f"{lacks} is another one here: {here}")
    try:
        imported(told.module)
    except Exception as error:
        raise Lacking(f"{lacks} cannot be imported here: {type(error).__name__}: {error}") from error
