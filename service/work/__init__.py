"""What is dear to answer: rooms of few places, so that it never stops what is cheap, and processes that can be ended.

A thread cannot be ended from outside, and one that computes keeps others from the interpreter. So what is dear has few
threads, and a fit that is not small has none: it is made by a process of its own, which ends with the request's client,
at the deadline, or with the server.
"""
