"""What a study will do, before it does it: trials and packs (pure), and predictions of them."""

from grokscale.studies.plan.forecast import Caution, Cell, Forecast, forecast
from grokscale.studies.plan.plan import Plan, PlannedPack, cut_packs, plan, plan_batch
from grokscale.studies.resources import Resources

__all__ = [
    "Caution",
    "Cell",
    "Forecast",
    "Plan",
    "PlannedPack",
    "Resources",
    "cut_packs",
    "forecast",
    "plan",
    "plan_batch",
]
