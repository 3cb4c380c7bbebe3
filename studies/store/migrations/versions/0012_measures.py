"""What tasks measure beside each error as one document, errors at t1 and t2, and how errors were looked at.

Revision: 0012, after 0011.
"""

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BEFORE = ("stop", "min", "settled", "plateau")
_NOT_KEPT = json.dumps(dict.fromkeys(("t1", "t2"), "not kept when this trial ran"))
_ADDED = {
    "error_t1": sa.Float(53),
    "error_t1_step": sa.BigInteger(),
    "error_t2": sa.Float(53),
    "error_t2_step": sa.BigInteger(),
    "error_reasons": sa.Text(),
    "measures": sa.Text(),
    "looks": sa.String(),
}
_TRIAL = sa.table(
    "gs_trial",
    *(sa.column(name) for name in ("id", "obtained", "measures", "error_reasons", "looks")),
    *(sa.column(f"error_{name}_{part}") for name in _BEFORE for part in ("step", "mean_l1")),
)
_ROWS = 5000
"""Rows that are read, and then written, at a time."""


def upgrade() -> None:
    """Add them, and move what was measured until now, the mean absolute error."""
    for name, kind in _ADDED.items():
        op.add_column("gs_trial", sa.Column(name, kind))
    steps = [_TRIAL.c[f"error_{name}_step"] for name in _BEFORE]
    means = [_TRIAL.c[f"error_{name}_mean_l1"] for name in _BEFORE]
    ran = sa.or_(*(step.is_not(None) for step in steps))
    for rows in _pages([_TRIAL.c.id, *steps, *means], ran):
        _write({"row": id_, "measures": _document(values[:4], values[4:])} for id_, *values in rows)
    op.execute(sa.update(_TRIAL).where(ran).values(error_reasons=_NOT_KEPT))
    op.execute(sa.update(_TRIAL).where(_TRIAL.c.obtained.is_not(None)).values(looks="certified"))
    for name in _BEFORE:
        op.drop_column("gs_trial", f"error_{name}_mean_l1")


def _document(steps: list[int | None], means: list[float | None]) -> str:
    points = zip(_BEFORE, steps, means, strict=True)
    return json.dumps({name: {"mean_l1": mean} for name, step, mean in points if step is not None})


def downgrade() -> None:
    """Put back what there was; errors at t1 and t2, and other measures, are forgotten."""
    for name in _BEFORE:
        op.add_column("gs_trial", sa.Column(f"error_{name}_mean_l1", sa.Float(53)))
    for rows in _pages([_TRIAL.c.id, _TRIAL.c.measures], _TRIAL.c.measures.is_not(None)):
        _write({"row": id_, **_columns(json.loads(measures))} for id_, measures in rows)
    for name in _ADDED:
        op.drop_column("gs_trial", name)


def _columns(measures: dict) -> dict[str, float | None]:
    return {f"error_{name}_mean_l1": measures.get(name, {}).get("mean_l1") for name in _BEFORE}


def _pages(columns: list, condition: sa.ColumnElement[bool]) -> Iterator[list]:
    """Yield the rows that meet a condition, some at a time, in order of their ids."""
    connection, after = op.get_bind(), ""
    while True:
        where = sa.and_(_TRIAL.c.id > after, condition)
        rows = connection.execute(sa.select(*columns).where(where).order_by(_TRIAL.c.id).limit(_ROWS)).all()
        if not rows:
            return
        yield [tuple(row) for row in rows]
        after = rows[-1].id


def _write(values: Iterator[dict]) -> None:
    found = list(values)
    names = [name for name in found[0] if name != "row"]
    statement = sa.update(_TRIAL).where(_TRIAL.c.id == sa.bindparam("row"))
    op.get_bind().execute(statement.values({name: sa.bindparam(name) for name in names}), found)
