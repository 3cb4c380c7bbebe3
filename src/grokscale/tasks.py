"""What a task from outside is made of: import from here, and name the module as an entry point of `grokscale.tasks`.

A module offers the `Description` objects that it holds, and those that its classes have as `description`. Each names
the class that carries the task out (`implementation`, see `grokscale.trainers.task.Task`). A `SimpleTask` makes both.
"""

from grokscale.trainers.linear.sections import NONE
from grokscale.trainers.simple.fields import field
from grokscale.trainers.simple.task import SimpleTask
from grokscale.trainers.task import Ending, Speed, Streams, Theory
from grokscale.trainers.tasks.description import (
    AtMost,
    Certified,
    Column,
    Description,
    Field,
    Grid,
    Group,
    Line,
    ListOf,
    OneOf,
    Quantity,
    Real,
    Section,
    Takes,
    Whole,
)
from grokscale.trainers.trial import Budget, Identity, Trial, number

__all__ = [
    "NONE",
    "AtMost",
    "Budget",
    "Certified",
    "Column",
    "Description",
    "Ending",
    "Field",
    "Grid",
    "Group",
    "Identity",
    "Line",
    "ListOf",
    "OneOf",
    "Quantity",
    "Real",
    "Section",
    "SimpleTask",
    "Speed",
    "Streams",
    "Takes",
    "Theory",
    "Trial",
    "Whole",
    "field",
    "number",
]
