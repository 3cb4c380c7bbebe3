"""What modules from outside describe, and those that raise, hang, end, lie or want what is not theirs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from grokscale.trainers.plugins.checks import reserved
from grokscale.trainers.plugins.plugin import Found, Trouble
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import Source, configured, name_of
from grokscale.trainers.tasks.registry import BUILT_IN
from tests.trainers.plugins.sources import text, write


def found(*modules: str, allowed: tuple[str, ...] = (), cache: Path | None = None, seconds: float = 60.0) -> Found:
    return read([Source(module) for module in modules], BUILT_IN, allowed, cache, seconds)


def test_what_fails_is_told_by_name_and_the_others_are_offered(tmp_path: Path) -> None:
    modules = {
        "raises": text(tmp_path, "raises", "raise RuntimeError('no luck')"),
        "leaves": text(tmp_path, "leaves", "import sys; sys.exit('enough')"),
        "ends": text(tmp_path, "ends", "import os; os._exit(3)"),
        "prints": write(tmp_path, "prints", kind="prints", theory="print('not an answer')"),
        "nothing": text(
            tmp_path, "nothing", "from grokscale.trainers.tasks.registry import BUILT_IN\nA, *_ = BUILT_IN"
        ),
        "gone": str(tmp_path / "gone.py"),
    }
    answer = found(*modules.values(), "no_such_package.tasks")
    assert [plugin.kind for plugin in answer.plugins] == ["prints"]
    told = {Path(trouble.source).stem: trouble.reason for trouble in answer.troubles}
    assert told == {
        "raises": "its import failed: RuntimeError: no luck",
        "leaves": "its import failed: SystemExit: enough",
        "ends": "its process ended (exit code 3)",
        "nothing": f"its import failed: NotThere: {modules['nothing']} describes no task; accepted: a Description, or "
        "a class with one as `description`",
        "gone": f"{modules['gone']}: No such file or directory",
        "no_such_package": "no module named 'no_such_package'",
    }


def test_one_that_hangs_is_ended_at_its_deadline(tmp_path: Path) -> None:
    hangs = text(tmp_path, "hangs", "import threading; threading.Event().wait()")
    began = time.monotonic()
    answer = found(hangs, seconds=3.0)
    assert answer == Found((), (Trouble(hangs, "nothing came within 3 s"),))
    assert time.monotonic() - began < 15


def test_kinds_and_names_of_others_are_refused_by_name(tmp_path: Path) -> None:
    modules = [
        write(tmp_path, "built_in", kind="synthetic"),
        write(tmp_path, "first", kind="mine"),
        write(tmp_path, "second", kind="mine"),
        write(tmp_path, "column", kind="a", field="t2_step"),
        write(tmp_path, "every", kind="b", field="seed"),
        write(tmp_path, "error", kind="c", field="error_min_loss"),
        write(tmp_path, "theory", kind="d", column="limit"),
        write(tmp_path, "twice", kind="e", column="gain"),
        write(tmp_path, "rate", kind="f", rate="gain*beta"),
    ]
    answer = found(*modules)
    assert [plugin.kind for plugin in answer.plugins] == ["mine"]
    told = {Path(trouble.source).stem: trouble.reason for trouble in answer.troubles}
    taken = "has the name of a column that every study has; accepted: another name"
    assert told == {
        "built_in": "the task 'synthetic': another task has this kind; accepted: another kind",
        "second": "the task 'mine': another task has this kind; accepted: another kind",
        "column": f"the task 'a': its field 't2_step' {taken}",
        "every": f"the task 'b': its field 'seed' {taken}",
        "error": f"the task 'c': its field 'error_min_loss' {taken}",
        "theory": f"the task 'd': its column of theory 'limit' {taken}",
        "twice": "the task 'e': 'gain' is described twice, and a trial has one value of it; accepted: another name",
        "rate": "the task 'f': its rate 'gain*beta' names 'beta', which is none of its fields",
    }


def test_only_what_is_allowed_is_offered_and_what_is_not_is_not_even_read(tmp_path: Path) -> None:
    mark = tmp_path / "was read"
    one, two = write(tmp_path, "one", kind="one"), write(tmp_path, "two", kind="two")
    three = text(tmp_path, "three", f"open({str(mark)!r}, 'w').close(); raise RuntimeError")
    by_module = found(one, two, three, allowed=(one,))
    assert ([plugin.kind for plugin in by_module.plugins], by_module.troubles) == (["one"], ())
    assert not mark.exists()
    by_kind = found(one, two, allowed=("two", "four"))
    assert [plugin.kind for plugin in by_kind.plugins] == ["two"]
    assert by_kind.troubles == (Trouble("four", "it is allowed, and no task or module of this name is configured"),)


def test_what_a_code_describes_is_kept_for_this_user_alone_and_read_anew_when_the_code_changes(tmp_path: Path) -> None:
    cache, count = tmp_path / "tasks", tmp_path / "reads"
    counting = f"open({str(count)!r}, 'a').write('x')"
    module = write(tmp_path, "counted")
    source = Path(module).read_text()
    Path(module).write_text(f"{source}\n{counting}\n")
    first = found(module, cache=cache)
    assert found(module, cache=cache) == first
    assert count.read_text() == "x"
    (kept,) = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)
    kept.chmod(0o666)  # anybody could have written it
    assert found(module, cache=cache) == first
    assert count.read_text() == "xx"
    Path(module).write_text(f"{source}\n{counting}\n# another\n")
    again = found(module, cache=cache)
    assert again.plugins[0].code.source != first.plugins[0].code.source
    assert count.read_text() == "xxx"
    for kept in cache.iterdir():
        kept.write_text("no JSON")
    assert found(module, cache=cache) == again
    assert count.read_text() == "xxxx"


def test_a_file_is_imported_under_one_name_that_its_implementation_is_told_by(tmp_path: Path) -> None:
    module = write(tmp_path, "my task")
    (plugin,) = found(module).plugins
    assert plugin.description.implementation == f"{name_of(module)}:Task"
    assert name_of(module).startswith("grokscale_task_my_task_")
    assert name_of(f"{module}:DESCRIPTION") == name_of(module) != name_of(str(tmp_path / "other" / "my task.py"))


@pytest.mark.parametrize("member", ["tasks.py", "./tasks.py", "a-b", "a..b", "/tasks.txt", "a:b c", os.sep])
def test_a_setting_that_names_no_module_is_refused_by_name(member: str) -> None:
    with pytest.raises(ValueError, match=r"accepted: package\.module"):
        configured(f"acme.tasks, {member}")


def test_a_setting_is_a_list_of_modules_and_files() -> None:
    assert [source.module for source in configured(" a.b:NAME, /x/y.py ,, a.b:NAME")] == ["a.b:NAME", "/x/y.py"]


def test_every_column_of_a_table_is_reserved() -> None:
    from grokscale.studies.flat_table import COLUMNS, MEASURES
    from grokscale.studies.store.models import Trial

    columns = {*COLUMNS, *MEASURES}
    columns |= {*Trial.__table__.columns.keys(), "regularizer", "optimizer"}
    assert [name for name in sorted(columns) if not reserved(name)] == []
    assert not any(map(reserved, ("lr", "t1_predicted", "T_star", "error_rate", "delay_weight")))


def test_a_file_that_was_changed_within_its_second_is_read_as_it_is(tmp_path: Path) -> None:
    """Bytecode is known by the second and the size of its source, and both stay."""
    module = Path(write(tmp_path, "plain", kind="plain"))
    then = (module.stat().st_atime, float(int(module.stat().st_mtime)))
    os.utime(module, then)
    [before] = found(str(module)).plugins
    write(tmp_path, "plain", kind="other")
    os.utime(module, then)
    [after] = found(str(module)).plugins
    assert (before.kind, after.kind) == ("plain", "other")
    assert not before.code.same(after.code.to_json())


def test_what_a_file_imports_from_its_own_folder_is_part_of_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "lib").mkdir()
    for name, content in {"helper": "import json, lib.sizes", "lib/sizes": "ONE = 1", "other": "", "plain": ""}.items():
        text(tmp_path, name, content)
    module = write(tmp_path, "mine")
    alone = found(module).plugins[0].code.source
    Path(module).write_text("import helper\n" + Path(module).read_text())
    sources = [alone]
    for name, content in {
        "helper": "import json, lib.sizes  # more",
        "lib/sizes": "ONE = 2",
        "other": "TWO = 2",
    }.items():
        sources.append(found(module).plugins[0].code.source)
        text(tmp_path, name, content)
    sources.append(found(module).plugins[0].code.source)
    _, first, helper_changed, sizes_changed, other_changed = sources
    assert len({alone, first, helper_changed, sizes_changed}) == 4
    assert other_changed == sizes_changed  # nobody imports it


def test_a_module_beside_a_file_that_cannot_be_found_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    text(tmp_path, "helper", "ONE = 1")
    module = text(tmp_path, "mine", "import helper")
    (trouble,) = found(module).troubles
    assert trouble.reason == (
        "its import failed: NotThere: mine.py imports helper, which lies beside it: a file is imported on its own; "
        f"accepted: one file, a package that is installed, or PYTHONPATH={tmp_path} for the server and its workers"
    )
