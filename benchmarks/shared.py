"""The list of cases and its reader live with the tests: tests/cases.txt, tests/python/cases.py."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _load_cases():
    path = ROOT / "tests" / "python" / "cases.py"
    spec = importlib.util.spec_from_file_location("cases", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


_cases = _load_cases()
Case = _cases.Case
read_cases = _cases.read_cases
