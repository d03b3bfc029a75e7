"""The tests refuse to run against an extension that was built from other sources than these, find
the modules of the benchmarks, and are run as if from a terminal."""

import importlib
import signal
import sys

import pytest
from tree import ROOT, load_build

sys.path.append(str(ROOT / "benchmarks"))


def pytest_sessionstart():
    # A shell starts its background jobs with SIGINT ignored, and so are their children's.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        extension = importlib.import_module("fasteinsum._fasteinsum")
    except ImportError as error:
        pytest.exit(f"fasteinsum cannot be imported ({error}): run `make test`", returncode=4)
    if extension.source_hash != load_build().source_hash():
        pytest.exit(
            f"{extension.__file__} was built from other sources than {ROOT / 'csrc'}: "
            "run `make test`, which builds and installs the wheel first",
            returncode=4,
        )
