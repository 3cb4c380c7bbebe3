"""Options of several commands. An option that is not given leaves its setting to the environment (GROKSCALE_...)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def path(text: str) -> Path:
    """Return the path that an option states. An empty one is refused: it comes from a shell variable that was not
    set.
    """
    if not text.strip():
        raise typer.BadParameter("an empty path; accepted: a directory, or leave the option out")
    return Path(text)


DataDir = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="PATH", help="Database, checkpoints and logs (default ./.grokscale)."),
]
CheckpointDir = Annotated[
    Path | None,
    typer.Option(parser=path, metavar="PATH", help="A path that all nodes share (default: in the data directory)."),
]
RayAddress = Annotated[str | None, typer.Option(help="A running Ray cluster (default: the runner starts its own).")]
TrustCluster = Annotated[
    bool | None,
    typer.Option("--trust-cluster", help="Use a Ray cluster without token authentication (default: no)."),
]
Cpus = Annotated[int | None, typer.Option(help="CPUs of the runner's own Ray cluster (default: all).")]
LeaseSeconds = Annotated[float | None, typer.Option(help="A lease not renewed for so long is free (default 30).")]
SilenceSeconds = Annotated[float | None, typer.Option(help="A pack silent for so long is ended (default 300).")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error (default info).")]
