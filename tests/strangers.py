"""What other users of the machine could get at: files by their modes and by trying, sockets by their addresses."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import psutil

NOBODY = 65534
ENTER = f"""
import os, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
for path in sys.argv[1:]:
    for attempt in (os.listdir, os.chdir, lambda path: os.mkdir(path + "/x"), lambda path: os.rename(path, path + "x")):
        try:
            attempt(path)
        except PermissionError:
            continue
        sys.exit(f"got into {{path}}")
"""


def turned_away(*paths: Path) -> bool:
    """Whether another user, as whom this one has to be able to act, can do nothing to directories nor see into them."""
    command = [sys.executable, "-c", ENTER, *map(str, paths)]
    tried = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert tried.stderr == "" or tried.stderr.startswith("got into"), tried.stderr
    return tried.returncode == 0


def opened(paths: list[Path]) -> list[Path]:
    """Those files and directories that others may read, write or enter by their modes."""
    modes = {path: path.lstat().st_mode for path in paths}
    return [path for path, mode in modes.items() if mode & 0o077 and not stat.S_ISLNK(mode)]


def listeners(processes: list[psutil.Process]) -> dict[str, set[str]]:
    """The addresses, of whatever family, that processes listen on, by the processes' names."""
    found: dict[str, set[str]] = {}
    for process in processes:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            for socket in process.net_connections("inet"):
                if not socket.raddr:
                    found.setdefault(process.name(), set()).add(str(socket.laddr.ip))
    return found
