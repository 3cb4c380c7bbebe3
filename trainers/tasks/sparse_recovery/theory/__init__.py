"""What theory says of a draw before anything is trained: spectra, Lasso points, the sign flow and their columns.

Everything here is float64 numpy and scipy on one draw `(X, y, a_star)`; no torch, no random numbers, no state.
"""
