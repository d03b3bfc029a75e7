"""python -m fasteinsum: the facts of show_config; `info --json` prints them as JSON.

`run script.py ...` runs a program whose numpy.einsum is computed by fasteinsum.
"""

import argparse
import json
import os
import runpy
import sys
from collections.abc import Sequence

from fasteinsum import __version__, patch_numpy, show_config


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fasteinsum",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command")
    info = commands.add_parser("info", help="how fasteinsum was built and what it uses here")
    info.add_argument("--json", action="store_true", help="print JSON")
    run = commands.add_parser("run", help="run a script with NumPy patched")
    run.add_argument("--quiet", action="store_true", help="omit the line on stderr")
    run.add_argument("script", help="a Python program")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is called with")
    options = parser.parse_args(arguments)
    if options.command == "run" and not os.path.exists(options.script):
        run.error(f"there is no file {options.script!r}")
    return options


def _run(script: str, arguments: Sequence[str], quiet: bool) -> None:
    """The script finds its arguments and its neighbours as if Python had started it."""
    sys.argv[:] = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    patch_numpy(quiet=quiet)
    runpy.run_path(script, run_name="__main__")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _read(arguments)
    if options.command == "run":
        _run(options.script, options.arguments, options.quiet)
    elif options.command == "info" and options.json:
        print(json.dumps(show_config(mode="dicts"), indent=2))
    else:
        show_config()


if __name__ == "__main__":
    main()
