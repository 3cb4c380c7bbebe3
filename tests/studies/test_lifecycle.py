"""The table of states, against the pictures of it that the design draws."""

from __future__ import annotations

import pytest

from grokscale.studies.lifecycle import CLAIMABLE, ENDED, EVENTS, STATES, ImpossibleTransition, after

PATHS = [
    ("queued", [("claim", "running"), ("complete", "completed")]),
    ("running", [("pause", "pausing"), ("paused", "paused"), ("resume", "queued")]),
    ("running", [("stop", "stopping"), ("stopped", "stopped")]),
    ("running", [("cancel", "cancelling"), ("cancelled", "cancelled")]),
    ("queued", [("stop", "stopped")]),
    ("queued", [("cancel", "cancelled")]),
    ("paused", [("stop", "stopped")]),
    ("paused", [("cancel", "cancelled")]),
    ("pausing", [("cancel", "cancelling")]),
    ("stopping", [("cancel", "cancelling")]),
]


@pytest.mark.parametrize(("state", "path"), PATHS)
def test_a_study_walks_the_designed_paths(state, path):
    for event, expected in path:
        state = after(state, event)
        assert state == expected


@pytest.mark.parametrize("state", sorted(ENDED))
def test_retry_takes_every_ended_study_back_to_queued(state):
    assert after(state, "retry") == "queued"


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_study_is_left_by_retry_alone(state):
    left = {event for event in EVENTS if _after(state, event) not in {None, state}}
    assert left == {"retry"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_asked_twice_answers_the_same(state, event):
    once = _after(state, event)
    if event in {"pause", "stop", "cancel", "resume", "retry"} and once is not None:
        assert after(once, event) == once
    else:
        assert once is None or once in STATES


@pytest.mark.parametrize("state", sorted(CLAIMABLE))
def test_claiming_starts_what_is_queued_and_keeps_every_other_state(state):
    assert after(state, "claim") == ("running" if state == "queued" else state)


@pytest.mark.parametrize("state", sorted(set(STATES) - CLAIMABLE))
def test_nothing_is_claimed_where_nothing_is_to_do(state):
    with pytest.raises(ImpossibleTransition):
        after(state, "claim")


def test_a_refusal_names_the_state_the_event_and_what_is_possible():
    with pytest.raises(ImpossibleTransition) as refusal:
        after("completed", "pause")
    assert refusal.value.state == "completed"
    assert refusal.value.event == "pause"
    assert refusal.value.possible == ("retry",)
    assert str(refusal.value) == "cannot pause a study that is completed; possible: retry"


def test_what_is_possible_leaves_out_what_already_holds():
    with pytest.raises(ImpossibleTransition) as refusal:
        after("running", "retry")
    assert refusal.value.possible == ("pause", "stop", "cancel")


def _after(state, event):
    try:
        return after(state, event)
    except ImpossibleTransition:
        return None
