"""What a command fails with."""

from __future__ import annotations


class CommandFailed(Exception):
    """The command cannot do what was asked; the message says why and what to do."""
