"""What a study will do, before it does it: trials, packs, predictions. Pure."""

from studies.plan.plan import Plan, PlannedPack, Resources, budget, pack, plan

__all__ = ["Plan", "PlannedPack", "Resources", "budget", "pack", "plan"]
