"""The lists of cases and of layers, and their readers, live with the tests, in tests/python."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _load(name):
    path = ROOT / "tests" / "python" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


_cases, _layers = _load("cases"), _load("layers")
Case = _cases.Case
read_cases = _cases.read_cases
Layer = _layers.Layer
read_layers = _layers.read_layers
