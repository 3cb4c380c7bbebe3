"""What a study will do, before it does it: trials and packs (pure), and predictions of them."""

from studies.plan.forecast import Caution, Cell, Forecast, forecast
from studies.plan.plan import Plan, PlannedPack, Resources, plan, plan_batch

__all__ = [
    "Caution",
    "Cell",
    "Forecast",
    "Plan",
    "PlannedPack",
    "Resources",
    "forecast",
    "plan",
    "plan_batch",
]
