"""Every public name is documented in full, and what its examples show is true."""

import doctest
import inspect

import fasteinsum
import numpy as np
import pytest

FUNCTIONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (fasteinsum, fasteinsum.conv)
    for name in module.__all__
    if callable(getattr(module, name))
}


def test_all_names_what_is_public():
    public = {name for name in vars(fasteinsum) if not name.startswith("_")}
    public -= {"extras"}  # modules about other packages, there once they are imported
    assert set(fasteinsum.__all__) - {"__version__"} == public
    assert fasteinsum.__all__ == sorted(fasteinsum.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sections(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function)
    lines = text.splitlines()
    assert lines[0].endswith(".")
    has_parameters = bool(inspect.signature(function).parameters)
    assert ("Parameters" in lines) == has_parameters
    for section in ("Parameters",) * has_parameters + ("Returns", "Examples"):
        assert section in lines, f"{name} has no section {section}"
        assert lines[lines.index(section) + 1] == "-" * len(section)
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_those_of_the_signature(name):
    function = FUNCTIONS[name]
    if not inspect.signature(function).parameters:
        return  # and no section, says test_sections
    lines = inspect.getdoc(function).splitlines()
    start = lines.index("Parameters") + 2
    rest = lines[start:]
    stop = next(i for i, line in enumerate(rest) if line.startswith("---")) - 1
    heads = [line.split(" : ")[0] for line in rest[:stop] if line and not line.startswith(" ")]
    documented = {part.strip().lstrip("*") for head in heads for part in head.split(",")}
    assert documented == set(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples(name):
    function = FUNCTIONS[name]
    runner = doctest.DocTestRunner()
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(function), {}, name, None, 0)
    assert test.examples
    report = []
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_belong_to_the_package(name):
    function = FUNCTIONS[name]
    assert f"{function.__module__}.{function.__name__}" == name


def test_signature_of_einsum():
    assert inspect.signature(fasteinsum.einsum) == inspect.signature(np.einsum)


@pytest.mark.parametrize("name", [n for n in vars(fasteinsum._fasteinsum) if n.startswith("_")])
def test_private_functions_have_a_signature(name):
    function = getattr(fasteinsum._fasteinsum, name)
    if inspect.isbuiltin(function):
        assert inspect.signature(function) is not None
        assert function.__doc__
