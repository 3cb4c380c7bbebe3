"""The child that imports a task from outside: `python -m grokscale.trainers.plugins.program`.

One question a line: `describe` (what a module describes), or one about a task (`answering`). It ends with its standard
input, and in the middle of a question at its deadline, even where the module's code never gives up the interpreter.
"""

from __future__ import annotations

import faulthandler
import json
import os
from typing import Any

from grokscale.trainers.plugins.process import GRACE_SECONDS, taken


def main() -> None:
    """Answer until nothing more is asked."""
    questions, answers = taken()
    for line in questions:
        question = json.loads(line)
        # a thread of the C library's; the parent is sooner, unless it is gone
        faulthandler.dump_traceback_later(question.pop("seconds") + GRACE_SECONDS, exit=True)
        said = _answer(question)
        faulthandler.cancel_dump_traceback_later()
        answers.write(said.encode() + b"\n")
    os._exit(0)  # whatever threads the module has started


def _answer(question: dict[str, Any]) -> str:
    from grokscale.trainers.plugins import answering

    try:
        found = getattr(answering, f"answer_{question.pop('ask')}")(**question)
        return json.dumps({"answer": found}, default=_plain)
    except BaseException as error:  # an exit is one more way to fail
        said = str(error).strip().partition("\n")[0]
        return json.dumps({"error": f"{type(error).__name__}: {said}" if said else type(error).__name__})


def _plain(value: Any) -> Any:
    return value.item()  # a number of numpy's or torch's


if __name__ == "__main__":
    main()
