"""Settings from flags and environment, refused in words."""

from __future__ import annotations

import os
import sys
from typing import Any

from pydantic import ValidationError

from grokscale.service.commands.errors import CommandFailed
from grokscale.studies.settings import PREFIX, Settings, unread


def settings(**flags: Any) -> Settings:
    """Return the settings; a flag that was not given leaves its setting to the environment.

    A variable that looks like a setting and is none is told of on standard error.

    Raises:
        CommandFailed: a value is refused.
    """
    try:
        found = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise CommandFailed("; ".join(_line(e["loc"], e["msg"]) for e in error.errors())) from None
    except RuntimeError as error:  # of `~`, for a user without a home
        raise CommandFailed(f"a path that begins with ~: {error}") from None
    for line in unread(found, os.environ):
        print(f"grokscale: warning: {line}", file=sys.stderr)
    return found


def _line(where: tuple[str | int, ...], message: str) -> str:
    name = "_".join(map(str, where)).upper()
    return f"{PREFIX}{name}: {message}" if name else message
