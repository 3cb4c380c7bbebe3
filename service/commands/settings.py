"""Reads settings from flags and environment, and refuses wrong ones in words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from grokscale.extras import extra
from grokscale.service.commands.errors import CommandFailed

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings


def settings(**flags: Any) -> Settings:
    """Return the settings; a flag that was not given leaves its setting to the environment.

    A variable that looks like a setting but is none is reported on standard error.

    Raises:
        CommandFailed: a value is refused.
        ExtraNeeded: the server is not installed.
    """
    with extra("server"):
        from pydantic import ValidationError

        from grokscale.studies.settings import PREFIX, Settings, unread
    try:
        found = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise CommandFailed("; ".join(_line(PREFIX, e["loc"], e["msg"]) for e in error.errors())) from None
    except RuntimeError as error:  # of `~`, for a user without a home
        raise CommandFailed(f"a path that begins with ~: {error}") from None
    for line in unread(found, os.environ):
        print(f"grokscale: warning: {line}", file=sys.stderr)
    return found


def _line(prefix: str, where: tuple[str | int, ...], message: str) -> str:
    name = "_".join(map(str, where)).upper()
    return f"{prefix}{name}: {message}" if name else message
