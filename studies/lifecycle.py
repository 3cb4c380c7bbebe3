"""The states of a study and the only ways between them: a table, and one function that reads it.

```
queued → running → completed            running → stopping → stopped
running → pausing → paused → queued     running → cancelling → cancelled
```

Before `queued` a study is `creating`, after its deletion `deleting`, and nobody sees it (`HIDDEN`).

Queued or paused studies have nothing running, so pause, stop and cancel take effect on them at once. A running study
whose cluster is lost waits: it is queued again, with the reason. `failed` says that the study itself cannot go on,
never that a trial failed. Retry takes an ended study back to `queued`. A study with very many trials is `cancelling`
while they get their outcome, also where nothing runs (the event `cancelling`).
"""

from __future__ import annotations

from typing import Literal, get_args

from grokscale.studies.portable import PortableError

State = Literal[
    "queued", "running", "pausing", "paused", "stopping", "stopped", "cancelling", "cancelled", "completed", "failed"
]
Event = Literal[
    "claim",
    "wait",
    "pause",
    "paused",
    "resume",
    "stop",
    "stopped",
    "cancel",
    "cancelling",
    "cancelled",
    "complete",
    "fail",
    "retry",
]

STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)
ENDED: frozenset[State] = frozenset({"completed", "stopped", "cancelled", "failed"})
HIDDEN: frozenset[str] = frozenset({"creating", "deleting"})
"""What stands in a study's row while its rows are written, or removed, some at a time: no state that anyone can see."""
WAITING: frozenset[State] = frozenset({"queued", "paused"})
"""States of a study that nothing works for: what a caller may have only so much of."""
CLAIMABLE: frozenset[State] = frozenset({"queued", "running", "pausing", "stopping", "cancelling"})
"""States in which a runner has something to do: start the packs, or bring them to their end."""

_TABLE: dict[State, dict[Event, State]] = {
    "queued": {
        "claim": "running",
        "pause": "paused",
        "resume": "queued",
        "stop": "stopped",
        "cancel": "cancelled",
        "cancelling": "cancelling",
        "fail": "failed",
        "retry": "queued",
    },
    "running": {
        "claim": "running",
        "wait": "queued",
        "pause": "pausing",
        "resume": "running",
        "stop": "stopping",
        "cancel": "cancelling",
        "complete": "completed",
        "fail": "failed",
    },
    "pausing": {
        "claim": "pausing",
        "wait": "pausing",
        "pause": "pausing",
        "paused": "paused",
        "stop": "stopping",
        "cancel": "cancelling",
        "complete": "completed",
        "fail": "failed",
    },
    "paused": {
        "pause": "paused",
        "paused": "paused",
        "resume": "queued",
        "stop": "stopped",
        "cancel": "cancelled",
        "cancelling": "cancelling",
    },
    "stopping": {
        "claim": "stopping",
        "wait": "stopping",
        "stop": "stopping",
        "stopped": "stopped",
        "cancel": "cancelling",
        "fail": "failed",
    },
    "cancelling": {
        "claim": "cancelling",
        "wait": "cancelling",
        "cancel": "cancelling",
        "cancelled": "cancelled",
        "fail": "failed",
    },
    "stopped": {"stop": "stopped", "stopped": "stopped", "retry": "queued"},
    "cancelled": {"cancel": "cancelled", "cancelled": "cancelled", "retry": "queued"},
    "completed": {"complete": "completed", "retry": "queued"},
    "failed": {"fail": "failed", "retry": "queued"},
}

_ASKED: frozenset[Event] = frozenset({"pause", "resume", "stop", "cancel", "retry"})
"""What a person may ask for; the others are a runner's own."""


class ImpossibleTransition(PortableError):
    """The study's state does not allow the event.

    Attributes:
        state: the state that the study is in.
        event: what was asked.
        possible: what a person may ask of a study in this state.
    """

    def __init__(self, state: State, event: Event) -> None:
        self.state = state
        self.event = event
        self.possible: tuple[Event, ...] = tuple(e for e in _TABLE[state] if e in _ASKED and _TABLE[state][e] != state)
        allowed = ", ".join(self.possible) or "nothing"
        super().__init__(f"cannot {event} a study that is {state}; possible: {allowed}")


class RanElsewhere(ImpossibleTransition):
    """The study is of imported runs: it was complete when it came, and nothing can be asked of its state."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(state, event)
        self.possible = ()
        self.args = (f"cannot {event} a study of imported runs: they ran elsewhere, and are never run or retried here",)


def after(state: State, event: Event) -> State:
    """Return the state that follows; equal to `state` where the event asks for what already holds.

    Raises:
        ImpossibleTransition: the table has no such step.
    """
    try:
        return _TABLE[state][event]
    except KeyError:
        raise ImpossibleTransition(state, event) from None
