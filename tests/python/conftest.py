"""The tests refuse to run against an extension that was built from other sources than these."""

import importlib

import pytest
from tree import ROOT, load_build


def pytest_sessionstart():
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
