"""Studies of runs that were made elsewhere."""
