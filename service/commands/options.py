"""Options that several commands have. Without one, its setting comes from the environment (GROKSCALE_...)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option(help="Database, checkpoints and logs. [GROKSCALE_DATA_DIR, ./.grokscale]")
]
CheckpointDir = Annotated[Path | None, typer.Option(help="A path that all nodes share. [under the data directory]")]
RayAddress = Annotated[str | None, typer.Option(help="A running Ray cluster. [the runner starts its own]")]
Cpus = Annotated[int | None, typer.Option(help="CPUs of the runner's own Ray cluster. [all]")]
LeaseSeconds = Annotated[float | None, typer.Option(help="A lease not renewed for so long may be taken over. [30]")]
SilenceSeconds = Annotated[float | None, typer.Option(help="A pack silent for so long is ended. [300]")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error. [info]")]
