"""A random intercept a draw, integrated out by quadrature."""
