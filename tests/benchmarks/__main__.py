"""All benchmarks as one Markdown file: `make bench`, or `python -m tests.benchmarks [--quick] [--only NAME ...]`.

Goals are ratios measured side by side in one run. Every section runs in a process of its own, held to one core and one
thread but for `api` and `whole`, which run the service as it is. Nothing is asserted on seconds; a section in which two
contenders did not do the same work fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.section import SECTIONS, UNPINNED

RESULTS = Path(__file__).parent / "RESULTS.md"
QUICK = "A quick run, which shows that everything works: too small for the goals to mean anything.\n"
HEADINGS = {
    "stepping": "Stepping",
    "leaping": "Fast-forward",
    "plans": "Whole plans",
    "passage": "First passage",
    "scaling": "Scaling",
    "laws": "Laws",
    "api": "The HTTP interface",
    "whole": "The whole service",
}


def main() -> None:
    """Run the sections asked for, print them and write the file."""
    asked = _arguments()
    names = asked.only or SECTIONS
    parts = ["# Benchmarks\n", machine.description() + "\n", *([QUICK] if asked.quick else [])]
    print("\n".join(parts), flush=True)
    for name in names:
        parts.append(f"## {HEADINGS[name]}\n\n{_section(name, asked.quick)}")
        print(parts[-1], flush=True)
    whole = not asked.quick and not asked.only
    output = asked.output or (RESULTS if whole else None)
    if output is not None:
        output.write_text("\n".join(parts))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Benchmarks as a Markdown file.")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows in a minute or two that it all runs")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--output", type=Path, help=f"file to write (a run of everything: {RESULTS.name} beside this)")
    return parser.parse_args()


def _section(name: str, quick: bool) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.section", name, *(["--quick"] if quick else [])]
    with tempfile.TemporaryDirectory() as compiled:
        # kernels are compiled anew, so that the time it takes is seen
        alone = {} if name in UNPINNED else {**machine.ONE_THREAD, "NUMBA_CACHE_DIR": compiled}
        run = subprocess.run(command, env=os.environ | alone, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"section {name} failed, see above")
    return run.stdout


if __name__ == "__main__":
    main()
