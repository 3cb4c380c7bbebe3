"""What names each trial's data and random numbers, for old trials as version 0.1 drew them.

Revision: 0006, after 0005.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_DATA_FIELDS = {
    "sparse_recovery": ("N", "design_variance", "n", "s", "signal", "snr", "stream", "tau"),
    "synthetic": ("draw_sigma",),
}
_STUDIES = sa.text("SELECT id, spec FROM gs_study")
_CONFIGURATIONS = sa.text("SELECT number, config FROM gs_configuration WHERE study_id = :study")
_NAME = sa.text(
    "UPDATE gs_trial SET data_id = :before || CAST(seed AS VARCHAR) || :after,"
    " stream_id = :stream || CAST(seed AS VARCHAR) WHERE study_id = :study AND configuration = :number"
)


def upgrade() -> None:
    """Add both, and name the trials there are by their study's specification."""
    for name in ("data_id", "stream_id"):
        op.add_column("gs_trial", sa.Column(name, words))
    connection = op.get_bind()
    for study, spec in connection.execute(_STUDIES).all():
        written = json.loads(spec)
        for number, config in connection.execute(_CONFIGURATIONS, {"study": study}).all():
            named = _names(written["task"]["kind"], written["seed"], json.loads(config))
            connection.execute(_NAME, {**named, "study": study, "number": number})


def _names(kind: str, study_seed: int, config: dict) -> dict[str, str]:
    """Return what comes before and after the seed in the name of the data, and before it in that of the stream."""
    data = json.dumps({name: config.get(name) for name in _DATA_FIELDS[kind]}, sort_keys=True)
    key = hashlib.sha256(data.encode()).hexdigest()[:16]
    if config.get("stream") == "legacy":
        start = f":{study_seed}" if config.get("init") == "random" else ""
        return {"before": f"{kind}:legacy:", "after": f":{key}{start}", "stream": "legacy:"}
    return {"before": f"{kind}:{study_seed}:{key}:", "after": "", "stream": f"{study_seed}:{key}:"}


def downgrade() -> None:
    """Forget them."""
    for name in ("data_id", "stream_id"):
        op.drop_column("gs_trial", name)
