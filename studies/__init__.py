"""A study from its specification to its law: spec, plan, search, runner, store, laws. No HTTP."""
