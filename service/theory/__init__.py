"""Theory against what was measured."""
