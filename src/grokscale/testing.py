"""For the test suite of a task from outside.

```python
import pytest
from grokscale.testing import task_contract
from acme.tasks import Diagonal

def test_the_contract() -> None:
    task_contract(Diagonal(), {"alpha": 0.1, "beta": 1e-3})
```

`grokscale tasks check acme.tasks` looks at the same things without a suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from grokscale.extras import extra

if TYPE_CHECKING:
    from grokscale.trainers.task import Task
    from grokscale.trainers.trial import Value

__all__ = ["task_contract"]


def task_contract(task: Task, config: Mapping[str, Value] | None = None) -> None:
    """Return quietly where a task keeps what every task has to: draws, steps, states, errors, curves, costs.

    Args:
        task: an instance of the class that carries it out.
        config: flat fields of one configuration, small enough for a few steps to take no time; what is left out has
            its default. None: all of it.

    Raises:
        AssertionError: naming everything that it does not keep.
    """
    with extra("server"):
        from grokscale.trainers.contract import checks, filled
        from grokscale.trainers.plugins.checks import Refused, check
        from grokscale.trainers.plugins.loading import implementation
        from grokscale.trainers.tasks.registry import BUILT_IN
    of = task.description
    whole = replace(of, implementation=implementation(of, type(task).__module__))
    try:
        check(whole, [one for one in BUILT_IN if one is not of])
    except Refused as error:
        raise AssertionError(str(error)) from None
    broken = [f"{one.what}: {one.problem}" for one in checks(task, filled(task, config or {})) if one.problem]
    if broken:
        raise AssertionError(f"the task {task.description.kind} does not keep\n  " + "\n  ".join(broken))
