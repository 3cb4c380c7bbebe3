"""A driver that leaves its process id in a file when it takes up a study: `python counted_driver.py FILE`."""

from __future__ import annotations

import os
import sys

from grokscale.studies.runner.driver import main
from grokscale.studies.store import Store
from grokscale.studies.store import open_store as open_real_store


def open_store(url: str) -> Store:
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\n")
    return open_real_store(url)


if __name__ == "__main__":
    main(open_store)
