"""Expensive requests: rooms with few places, so that they never block cheap ones, and processes that can be killed.

A thread cannot be ended from outside, and one that computes keeps others from the interpreter. So expensive requests
have few threads, and a fit that is not small has none: a process of its own makes it, which ends when the client
leaves, at the deadline, or with the server.
"""
