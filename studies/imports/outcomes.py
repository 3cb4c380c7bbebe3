"""What became of an imported run, from how its crossings are known: one table, for every word that an outcome has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokscale.studies.imports.cells import Cells, Rows, Words
from grokscale.trainers.trial import OutcomeWord

CROSSED = ("exact", "interval", "left")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table.

    Attributes:
        t2: words of `t2_censoring`.
        t1: words of `t1_censoring`, the empty one where nothing is known of t1; None: any.
        outcome: of such a run.
        says: what that is.
    """

    t2: tuple[str, ...]
    t1: tuple[str, ...] | None
    outcome: OutcomeWord
    says: str


TABLE: tuple[Rule, ...] = (
    Rule(CROSSED, None, "generalised", "t2 is known, to the step or within a bracket, whatever became of t1"),
    Rule(("right",), CROSSED, "memorised", "t1 is known, and the run ended before t2"),
    Rule(("right",), ("right", "infeasible", "stalled", ""), "not_memorised", "the run ended and neither is known"),
    Rule(("infeasible",), None, "infeasible", "it was certified that the threshold will not be crossed"),
    Rule(("stalled",), None, "stalled", "the run settled above the threshold"),
    Rule(("diverged",), None, "diverged", "the errors were no longer finite"),
    Rule(("pruned",), None, "pruned", "the run was given up because others were faster: outside every fit"),
    Rule(("failed",), None, "failed", "the run crashed"),
    Rule(("cancelled",), None, "cancelled", "the run was ended by hand"),
    Rule(("uninformative_data",), None, "uninformative_data", "the data had nothing to learn"),
)
"""How `t2_censoring` and `t1_censoring` make an outcome."""

ENDED_WITHOUT = ("diverged", "pruned", "failed", "cancelled", "uninformative_data")
"""Words of `t2_censoring`, or of `outcome`, of runs that ended without a t2."""
OUTCOMES: tuple[str, ...] = tuple(rule.outcome for rule in TABLE)


def stated(cells: Cells) -> Words:
    """Return what the column `outcome` says, shape (rows,), empty where it or its cell is missing."""
    return cells.words("outcome", OUTCOMES)


def derive(t2: Words, t1: Words) -> Words:
    """Return the outcome of every run by `TABLE`, shape (rows,), empty where no line is of it."""
    found = np.full(len(t2), "", dtype=object)
    for rule in reversed(TABLE):
        found[_of(rule, t2, t1)] = rule.outcome
    return found


def agreed(cells: Cells, said: Words, t2: Words, t1: Words) -> Words:
    """Return the outcomes; one that is stated has to be what the crossings say, or say why they say nothing."""
    derived = derive(t2, t1)
    silent = np.isin(t2, ("", *ENDED_WITHOUT))
    pruned = (said == "pruned") & (t2 == "right")
    ended = np.isin(said, ENDED_WITHOUT) & silent & ((derived == "") | (derived == said))
    differs = (said != "") & (said != derived) & ~pruned & ~ended
    for word in dict.fromkeys(derived[differs].tolist()):
        means = f"the crossings say {word}" if word else "there is no crossing"
        cells.refuse(differs & (derived == word), "outcome", f"{{}}, but {means}; accepted: {word or 'a crossing too'}")
    return np.where((said != "") & ~differs, said, derived).astype(object)


def _of(rule: Rule, t2: Words, t1: Words) -> Rows:
    found = np.isin(t2, rule.t2)
    return found if rule.t1 is None else found & np.isin(t1, rule.t1)
