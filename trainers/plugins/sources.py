"""Where tasks from outside are: entry points of installed distributions, and what the server's setting names.

Nothing here imports any of them: a module is found by its outermost package, and its files are read as bytes.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from grokscale.trainers.plugins.plugin import Code

GROUP = "grokscale.tasks"
"""Of the entry points."""


class NotThere(LookupError):
    """There is no such module or file; the message says so."""


@dataclass(frozen=True, slots=True)
class Source:
    """One that is configured.

    Attributes:
        module: see `Code.module`.
        package: the distribution whose entry point it is; empty: it is none.
        name: of the entry point.
    """

    module: str
    package: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.module} (of {self.package})" if self.package else self.module


def installed() -> list[Source]:
    """Return the entry points, by name."""
    found = {
        (point.name, point.value): Source(point.value, point.dist.name if point.dist else "", point.name)
        for point in metadata.entry_points(group=GROUP)
    }
    return [found[key] for key in sorted(found)]


def configured(text: str) -> list[Source]:
    """Return what a comma-separated list of modules and files names.

    Raises:
        ValueError: a member is neither; the message says which, and what is accepted.
    """
    members = [member.strip() for member in text.split(",")]
    return [Source(_checked(member)) for member in dict.fromkeys(members) if member]


def _checked(member: str) -> str:
    where, _, name = split(member)
    if name and not name.isidentifier():
        raise ValueError(
            f"{name!r} in {member!r} is no name; accepted: package.module:NAME, or an absolute path of a file"
        )
    if _is_file(where):
        if not Path(where).is_absolute() or not where.endswith(".py"):
            raise ValueError(f"{where!r} is refused; accepted: package.module, or an absolute path that ends in .py")
        return member
    if not all(part.isidentifier() for part in where.split(".")):
        raise ValueError(f"{where!r} is refused; accepted: package.module, or an absolute path that ends in .py")
    return member


def split(module: str) -> tuple[str, str, str]:
    """Return the module or path, a colon where a name follows, and that name."""
    return module.partition(":")


def _is_file(where: str) -> bool:
    return "/" in where or where.endswith(".py")


def file_of(module: str) -> Path | None:
    """Return the path where a file is meant, None where it is a module."""
    where, _, _ = split(module)
    return Path(where) if _is_file(where) else None


def name_of(module: str) -> str:
    """Return the name under which a module is imported: a file's is made of its path, and always the same."""
    path = file_of(module)
    if path is None:
        return split(module)[0]
    stem = "".join(letter if letter.isalnum() else "_" for letter in path.stem)
    return f"grokscale_task_{stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def code(source: Source) -> Code:
    """Return which code a source is at this moment.

    Raises:
        NotThere: there is none.
    """
    path = file_of(source.module)
    if path is not None:
        return Code(source.module, "", "", _hash([path, *_neighbours(path)], path.parent))
    outermost = split(source.module)[0].partition(".")[0]
    files, root = _files(outermost)
    package = source.package or _distribution(outermost)
    return Code(source.module, package, _version(package), _hash(files, root) if files else "")


def _files(outermost: str) -> tuple[list[Path], Path]:
    """Return the sources of an outermost package and the folder that they lie in; none where they are no files."""
    try:
        spec = find_spec(outermost)
    except (ImportError, ValueError) as error:
        raise NotThere(f"no module named {outermost!r} can be found: {error}") from None
    if spec is None:
        raise NotThere(f"no module named {outermost!r}")
    folders = list(spec.submodule_search_locations or ())
    if folders:
        root = Path(folders[0])
        return sorted(root.rglob("*.py")), root
    path = Path(spec.origin or "")
    return ([path], path.parent) if path.suffix == ".py" else ([], path)


def _neighbours(path: Path) -> list[Path]:
    """Return the modules beside a file that it imports, directly or through each other, sorted.

    A file that cannot be parsed is not looked into: its import fails and says why.
    """
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        found = {one for name in _imported(waiting.pop()) for one in _beside(path, name)}
        waiting += found - seen
        seen |= found
    return sorted(seen - {path})


def _imported(path: Path) -> set[str]:
    """Return the outermost names of all that a file imports, wherever in it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def lies_beside(path: Path, module: str) -> bool:
    """Return whether a module that a file imports lies in the file's own folder."""
    return bool(_beside(path, module.partition(".")[0]))


def _beside(path: Path, name: str) -> list[Path]:
    """Return the files of the module or package of this name in the folder of a file; none where there is none."""
    module, package = path.with_name(f"{name}.py"), path.with_name(name)
    return [module] if module.is_file() else [*package.rglob("*.py")]


def _hash(paths: Iterable[Path], root: Path) -> str:
    """Return the hash of files and of what they are called below a folder."""
    whole = hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NotThere(f"{path}: {error.strerror}") from None
        whole.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


@cache
def _distribution(outermost: str) -> str:
    """Return the distribution that an outermost package belongs to, empty for none."""
    if outermost in sys.stdlib_module_names:
        return ""
    return next(iter(metadata.packages_distributions().get(outermost, ())), "")


def _version(package: str) -> str:
    if not package:
        return ""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
