"""What the application gives its endpoints: the store and the settings, as `Annotated` aliases."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.convertors import StringConvertor, register_url_convertor

from grokscale.studies.settings import Settings
from grokscale.studies.store import Store


class WordConvertor(StringConvertor):
    """A name in a path. It contains no colon, so that `{name}` never swallows the `:submit` of `{name}:submit`."""

    regex = "[^/:]+"


class IdConvertor(WordConvertor):
    """An identifier in a path: hexadecimal digits, in small letters or capitals (RFC 9562, section 4)."""

    def convert(self, value: str) -> str:
        """Return it as it is stored."""
        return value.lower()


register_url_convertor("word", WordConvertor())
register_url_convertor("id", IdConvertor())


async def _store(request: Request) -> Store:
    return request.app.state.store


async def _settings(request: Request) -> Settings:
    return request.app.state.settings


TheStore = Annotated[Store, Depends(_store)]
TheSettings = Annotated[Settings, Depends(_settings)]
