"""The process that draws: Vega-Lite documents in by standard input, pictures out by standard output.

It is a program of its own, since vl-convert holds the interpreter for as long as it draws: in the server's process a
picture would stop every other request. It ends with its input, so with whoever started it.

A request and an answer are each a length (8 bytes, big-endian) and so many bytes: JSON {"format", "scale", "chart"} in;
out a byte that says whether it worked (1 or 0), then the picture or the message.
"""

from __future__ import annotations

import json
import struct
import sys
from functools import cache
from typing import Any, BinaryIO

import vl_convert as vlc

from grokscale.studies.charts.policy import POLICY

_PLACE = "the chart goes here"


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while len(head := source.read(8)) == 8:
        request = json.loads(source.read(struct.unpack(">Q", head)[0]))
        try:
            answer = b"\1" + draw(request["chart"], request["format"], request["scale"])
        except Exception as error:  # whatever it is, the one who asked has to hear of it
            answer = b"\0" + f"{type(error).__name__}: {error}".encode()
        sink.write(struct.pack(">Q", len(answer)) + answer)
        sink.flush()


def draw(chart: dict[str, Any], format: str, scale: float) -> bytes:
    """Return a chart as `svg`, `png` or `html`."""
    if format == "svg":
        return vlc.vegalite_to_svg(chart, vl_version=_version(chart)).encode()
    if format == "png":
        return vlc.vegalite_to_png(chart, vl_version=_version(chart), scale=scale)
    return page(chart)


def page(chart: dict[str, Any]) -> bytes:
    """Return a page that holds the chart and all that draws it, and asks no server for anything.

    vl-convert writes the document into a script as it is, so that a study named `</script>...` would bring a script of
    its own: here it is written with every `<` escaped.
    """
    before, after = _page(_version(chart))
    return (before + json.dumps(chart).replace("<", "\\u003c") + after).encode()


@cache
def _page(version: str) -> tuple[str, str]:
    """Return what stands before and after the document in a page. Bundling the JavaScript takes seconds, once."""
    blank = {"description": _PLACE, "mark": "point"}
    made = vlc.vegalite_to_html(blank, vl_version=version, bundle=True)
    begin = made.rindex("{", 0, made.rindex(_PLACE))
    _, end = json.JSONDecoder().raw_decode(made[begin:])
    head = f'<head>\n    <meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return made[:begin].replace("<head>", head, 1), made[begin + end :]


def _version(chart: dict[str, Any]) -> str:
    """Return the version of Vega-Lite that a document is written for, as vl-convert names it."""
    return ".".join(chart["$schema"].rsplit("/v", 1)[1].split(".")[:2])


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
