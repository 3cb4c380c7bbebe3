"""Tasks of about 25 lines: a class that starts, steps and measures one trial, and all else is derived from it."""
