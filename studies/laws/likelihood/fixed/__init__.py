"""One intercept a draw, or one for all: a concave likelihood with a single maximum."""
