"""show_config, the command line, the choice of the instruction set, what importing does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import fasteinsum
import numpy as np
import pytest
from fasteinsum import _fasteinsum, show_config
from tree import ROOT

MODULES = {path.stem for path in (ROOT / "python" / "fasteinsum").glob("*.py")}
AT_ONCE = {f"fasteinsum.{name}" for name in {"_fasteinsum", *MODULES} - {"__init__", "__main__"}}
AT_ONCE |= {"fasteinsum"}


def run(*arguments, **environment):
    """A fresh interpreter, of which nothing but the given variables differs from this one."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FASTEINSUM_")}
    return subprocess.run(
        [sys.executable, *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def facts_with(**environment):
    done = run("-m", "fasteinsum", "info", "--json", **environment)
    return json.loads(done.stdout), done.stderr


def test_dicts():
    facts = show_config(mode="dicts")
    assert facts["version"] == fasteinsum.__version__
    assert facts["numpy"] == np.__version__
    assert facts["source_hash"] == _fasteinsum.source_hash
    assert facts["compiler"]
    assert "-O" in facts["flags"]
    assert facts["isa"] in facts["isas_built"]
    assert facts["isa"] in facts["isas_found"]
    assert "baseline" in facts["isas_built"]
    assert set(facts["cache_bytes"]) == {"l1", "l2", "l3"}
    assert json.loads(json.dumps(facts)) == facts


def test_outcomes_say_why():
    facts = show_config(mode="dicts")
    outcomes = facts["isa_outcomes"]
    assert [name for name, outcome in outcomes.items() if outcome == "in use"] == [facts["isa"]]
    for name, outcome in outcomes.items():
        assert (outcome == "not in this build") == (name not in facts["isas_built"])
        if name in facts["isas_built"] and name not in facts["isas_found"]:
            assert outcome == "not on this machine"


def test_stdout(capsys):
    assert show_config() is None
    text = capsys.readouterr().out
    for name, value in show_config(mode="dicts").items():
        assert f"{name}:" in text
        if isinstance(value, str):
            assert value in text


def test_unknown_mode():
    with pytest.raises(ValueError, match=r"'stdout' or 'dicts'.*'html'"):
        show_config(mode="html")


def test_every_variable_that_the_sources_read_is_shown():
    sources = [*ROOT.glob("csrc/**/*.[ch]"), *ROOT.glob("python/**/*.py")]
    read = {
        name
        for path in sources
        for name in re.findall(
            r'"(FASTEINSUM_[A-Z_]+|OMP_NUM_THREADS)"', path.read_text(encoding="utf-8")
        )
    }
    assert set(show_config(mode="dicts")["environment"]) == read


def test_module_as_a_program():
    text = run("-m", "fasteinsum").stdout
    assert text == run("-m", "fasteinsum", "info").stdout
    assert f"version: {fasteinsum.__version__}" in text
    assert run("-m", "fasteinsum", "--version").stdout.strip() == fasteinsum.__version__


@pytest.mark.parametrize("cap", _fasteinsum._config()["isa_outcomes"])
def test_cap(cap):
    names = list(_fasteinsum._config()["isa_outcomes"])  # from the least to the most capable
    facts, warnings = facts_with(FASTEINSUM_ISA=cap)
    assert not warnings
    usable = set(facts["isas_built"]) & set(facts["isas_found"])
    allowed = [name for name in names[: names.index(cap) + 1] if name in usable]
    assert facts["isa"] == allowed[-1]
    assert facts["isa_cap"] == cap
    assert facts["environment"]["FASTEINSUM_ISA"] == cap
    for name in usable - set(allowed):
        assert facts["isa_outcomes"][name] == "switched off by FASTEINSUM_ISA"


def test_unknown_cap():
    facts, warnings = facts_with(FASTEINSUM_ISA="sse9")
    assert "RuntimeWarning" in warnings
    assert "'sse9'" in warnings
    assert all(f"'{name}'" in warnings for name in facts["isa_outcomes"])
    assert facts["isa"] == facts_with()[0]["isa"]
    code = "import fasteinsum"
    with pytest.raises(subprocess.CalledProcessError):
        run("-W", "error", "-c", code, FASTEINSUM_ISA="sse9")


def test_empty_cap_is_no_cap():
    facts, warnings = facts_with(FASTEINSUM_ISA="")
    assert not warnings
    assert facts["isa_cap"] is None


def test_switches():
    x, y = np.arange(12.0).reshape(3, 4), np.arange(20.0).reshape(4, 5)
    before = _fasteinsum._use_isa("baseline")
    try:
        assert _fasteinsum._config()["isa"] == "baseline"
        np.testing.assert_array_equal(fasteinsum.einsum("ij,jk->ik", x, y), x @ y)
    finally:
        assert _fasteinsum._use_isa(before) == "baseline"
    assert _fasteinsum._use_strategy("generic") is None
    try:
        assert "generic" in _fasteinsum._describe("ij,jk->ik", x, y)
        np.testing.assert_array_equal(fasteinsum.einsum("ij,jk->ik", x, y), x @ y)
    finally:
        assert _fasteinsum._use_strategy(None) == "generic"
    for switch in (_fasteinsum._use_isa, _fasteinsum._use_strategy):
        with pytest.raises(ValueError, match="nonsense"):
            switch("nonsense")
        with pytest.raises(TypeError):
            switch(1)


def test_description():
    x, y = np.ones((3, 4)), np.ones((4, 5))
    text = _fasteinsum._describe("ij,jk->ik", x, y)
    assert "ij,jk->ik" in text.splitlines()[0]
    assert "f64" in text
    assert "view" in _fasteinsum._describe("ij->ji", x)
    with pytest.raises(ValueError, match="'j'"):
        _fasteinsum._describe("ij,jk", x, x)


def test_import_starts_no_thread():
    code = "import os, numpy; {}; print(len(os.listdir('/proc/self/task')))"
    with_us = run("-c", code.format("import fasteinsum")).stdout
    assert with_us == run("-c", code.format("pass")).stdout


def test_import_brings_no_other_package():
    """Nor our extras, nor what the command line needs."""
    code = (
        "import numpy, sys; a = set(sys.modules); import fasteinsum; print(*set(sys.modules) - a)"
    )
    added = set(run("-c", code).stdout.split())
    others = {name.split(".")[0] for name in added - AT_ONCE}
    assert added >= AT_ONCE
    assert others <= {"numpy", "__future__"}


def test_import_reads_no_other_file():
    """Each module is read once; what the extension reads of the machine is not seen here."""
    code = """
import sys, numpy
read = []
sys.addaudithook(lambda event, args: event == "open" and read.append(str(args[0])))
import fasteinsum
print(*read, sep="\\n")
"""
    run("-c", "import fasteinsum")  # from now on the bytecode is there
    read = [
        Path(name)
        for name in run("-c", code).stdout.splitlines()
        if "numpy" not in Path(name).parts and "__future__" not in name
    ]
    assert len(read) == len(set(read)) == len(AT_ONCE - {"fasteinsum._fasteinsum"})
    assert {path.parent.name for path in read} == {"__pycache__"}
