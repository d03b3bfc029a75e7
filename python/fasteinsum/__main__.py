"""python -m fasteinsum: the facts of show_config; `info --json` prints them as JSON."""

import argparse
import json
from collections.abc import Sequence

from fasteinsum import __version__, show_config


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m fasteinsum", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command")
    info = commands.add_parser("info", help="how fasteinsum was built and what it uses here")
    info.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.command == "info" and options.json:
        print(json.dumps(show_config(mode="dicts"), indent=2))
    else:
        show_config()


if __name__ == "__main__":
    main()
