"""`grokscale runner`: takes queued studies and runs them."""


def runner():
    pass
