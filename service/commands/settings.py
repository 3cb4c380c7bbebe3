"""Settings from flags and environment, refused in words."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from service.commands.errors import CommandFailed
from studies.settings import PREFIX, Settings


def settings(**flags: Any) -> Settings:
    """Return the settings; a flag that was not given leaves its setting to the environment.

    Raises:
        CommandFailed: a value is refused.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        lines = [f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise CommandFailed("; ".join(lines)) from None
