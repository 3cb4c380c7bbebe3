"""First tables.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "gs_runner",
        sa.Column("id", words, nullable=False),
        sa.Column("host", words, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("embedded", sa.Boolean, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gs_runner"),
    )
    op.create_table(
        "gs_study",
        sa.Column("id", words, nullable=False),
        sa.Column("name", words, nullable=False),
        sa.Column("state", words, nullable=False),
        sa.Column("reason", words),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("priority", sa.BigInteger, nullable=False),
        sa.Column("task", words, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("spec_hash", words, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("by_outcome", sa.Text, nullable=False),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("progress_seq", sa.BigInteger),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("runner_id", words),
        sa.Column("lease_expires", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_gs_study"),
    )
    op.create_index("ix_gs_study_state_priority", "gs_study", ["state", "priority"])
    op.create_table(
        "gs_event",
        sa.Column("study_id", words, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", words, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["gs_study.id"], name="fk_gs_event_study_id_gs_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "seq", name="pk_gs_event"),
    )
    op.create_table(
        "gs_idempotency",
        sa.Column("caller", words, nullable=False),
        sa.Column("route", words, nullable=False),
        sa.Column("key", words, nullable=False),
        sa.Column("body_hash", words, nullable=False),
        sa.Column("study_id", words, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["gs_study.id"], name="fk_gs_idempotency_study_id_gs_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("caller", "route", "key", name="pk_gs_idempotency"),
    )
    op.create_index("ix_gs_idempotency_study_id", "gs_idempotency", ["study_id"])
    op.create_table(
        "gs_pack",
        sa.Column("id", words, nullable=False),
        sa.Column("study_id", words, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("members", sa.Text, nullable=False),
        sa.Column("state", words, nullable=False),
        sa.Column("parent", words),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("unended", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("steps_per_second", sa.Float(53)),
        sa.Column("predicted_steps", sa.BigInteger),
        sa.Column("host", words),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text),
        sa.ForeignKeyConstraint(["study_id"], ["gs_study.id"], name="fk_gs_pack_study_id_gs_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_gs_pack"),
        sa.UniqueConstraint("study_id", "number", name="uq_gs_pack_study_id_number"),
    )
    op.create_table(
        "gs_configuration",
        sa.Column("study_id", words, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["gs_study.id"], name="fk_gs_configuration_study_id_gs_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name="pk_gs_configuration"),
    )
    op.create_table(
        "gs_trial",
        sa.Column("id", words, nullable=False),
        sa.Column("study_id", words, nullable=False),
        sa.Column("index", sa.BigInteger, nullable=False),
        sa.Column("configuration", sa.BigInteger, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("pack", sa.BigInteger, nullable=False),
        sa.Column("outcome", words),
        sa.Column("obtained", words),
        sa.Column("steps", sa.BigInteger),
        sa.Column("t1_step", sa.BigInteger),
        sa.Column("t1_lower", sa.BigInteger),
        sa.Column("t1_upper", sa.BigInteger),
        sa.Column("t1_censoring", words),
        sa.Column("t1_stayed", sa.BigInteger),
        sa.Column("t1_gradient_step", sa.BigInteger),
        sa.Column("t1_gradient_lower", sa.BigInteger),
        sa.Column("t1_gradient_upper", sa.BigInteger),
        sa.Column("t1_gradient_censoring", words),
        sa.Column("t1_gradient_stayed", sa.BigInteger),
        sa.Column("t2_step", sa.BigInteger),
        sa.Column("t2_lower", sa.BigInteger),
        sa.Column("t2_upper", sa.BigInteger),
        sa.Column("t2_censoring", words),
        sa.Column("t2_stayed", sa.BigInteger),
        sa.Column("t2_plateau_step", sa.BigInteger),
        sa.Column("t2_plateau_lower", sa.BigInteger),
        sa.Column("t2_plateau_upper", sa.BigInteger),
        sa.Column("t2_plateau_censoring", words),
        sa.Column("t2_plateau_stayed", sa.BigInteger),
        sa.Column("delay_step", sa.BigInteger),
        sa.Column("delay_lower", sa.BigInteger),
        sa.Column("delay_upper", sa.BigInteger),
        sa.Column("delay_censoring", words),
        sa.Column("delay_reason", words),
        sa.Column("error_stop", sa.Float(53)),
        sa.Column("error_stop_mean_l1", sa.Float(53)),
        sa.Column("error_stop_step", sa.BigInteger),
        sa.Column("error_min", sa.Float(53)),
        sa.Column("error_min_mean_l1", sa.Float(53)),
        sa.Column("error_min_step", sa.BigInteger),
        sa.Column("error_settled", sa.Float(53)),
        sa.Column("error_settled_mean_l1", sa.Float(53)),
        sa.Column("error_settled_step", sa.BigInteger),
        sa.Column("error_plateau", sa.Float(53)),
        sa.Column("error_plateau_mean_l1", sa.Float(53)),
        sa.Column("error_plateau_step", sa.BigInteger),
        sa.Column("attempt", sa.BigInteger),
        sa.Column("host", words),
        sa.Column("seconds", sa.Float(53)),
        sa.Column("theory", sa.Text),
        sa.Column("theory_reasons", sa.Text),
        sa.Column("ladder", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("points", sa.BigInteger),
        sa.Column("curve_columns", sa.Text),
        sa.ForeignKeyConstraint(
            ["study_id"], ["gs_study.id"], name="fk_gs_trial_study_id_gs_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_gs_trial"),
        sa.UniqueConstraint("study_id", "index", name="uq_gs_trial_study_id_index"),
    )
    op.create_index("ix_gs_trial_study_id_configuration_index", "gs_trial", ["study_id", "configuration", "index"])
    op.create_index("ix_gs_trial_study_id_outcome_index", "gs_trial", ["study_id", "outcome", "index"])
    op.create_index("ix_gs_trial_study_id_pack_index", "gs_trial", ["study_id", "pack", "index"])
    op.create_index("ix_gs_trial_study_id_seed_index", "gs_trial", ["study_id", "seed", "index"])
    op.create_index("ix_gs_trial_study_id_steps_index", "gs_trial", ["study_id", "steps", "index"])
    op.create_index("ix_gs_trial_study_id_t1_upper_index", "gs_trial", ["study_id", "t1_upper", "index"])
    op.create_index("ix_gs_trial_study_id_t2_upper_index", "gs_trial", ["study_id", "t2_upper", "index"])
    op.create_table(
        "gs_curve_point",
        sa.Column("trial_id", words, nullable=False),
        sa.Column("k", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("values", sa.LargeBinary, nullable=False),
        sa.Column("missing", sa.BigInteger, nullable=False),
        sa.Column("coordinates", sa.LargeBinary),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["gs_trial.id"], name="fk_gs_curve_point_trial_id_gs_trial", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "k", name="pk_gs_curve_point"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop every table."""
    for name in (
        "gs_curve_point",
        "gs_trial",
        "gs_configuration",
        "gs_pack",
        "gs_idempotency",
        "gs_event",
        "gs_study",
        "gs_runner",
    ):
        op.drop_table(name)
