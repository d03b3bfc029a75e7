"""What csrc/build.py compiles and when, and what the results export."""

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import fasteinsum
import pytest
import tree
from fasteinsum import _fasteinsum
from tree import ROOT

CC = tree.load_build().default_toolchain().cc


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# ---------------------------------------------------------------- the installed wheel


def test_extension_exports_only_its_init_function():
    symbols = output_of("nm", "-D", "--defined-only", _fasteinsum.__file__).split("\n")
    assert {line.split()[-1] for line in symbols if line} == {
        "PyInit__fasteinsum",
        *("fasteinsum_get_num_threads", "fasteinsum_set_num_threads", "fasteinsum_get_version"),
    }


def test_extension_needs_only_the_c_library():
    needed = re.findall(r"NEEDED.*\[(\w+)", output_of("readelf", "-d", _fasteinsum.__file__))
    assert set(needed) <= {"libc", "libm", "libpthread", "ld"}


def test_extension_has_no_executable_stack():
    headers = output_of("readelf", "-W", "-l", _fasteinsum.__file__)
    assert re.search(r"GNU_STACK.*\bRW\b", headers)


def test_version_has_one_source():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert fasteinsum.__version__ == project["version"]
    assert importlib.metadata.version("fasteinsum") == project["version"]


def test_wheel_holds_the_package_and_nothing_else():
    names = {str(path) for path in importlib.metadata.files("fasteinsum")}
    package = {name for name in names if name.startswith("fasteinsum/")}
    assert {"fasteinsum/py.typed", "fasteinsum/_fasteinsum.pyi"} <= package
    suffixes = {os.path.splitext(name)[1] for name in package}
    assert suffixes <= {".py", ".pyi", ".pyc", ".typed", ".so"}
    others = {name.split("/")[0] for name in names - package}
    assert {name.rpartition(".")[2] for name in others} == {"dist-info"}


# ---------------------------------------------------------------- the objects of the ISAs


@pytest.fixture(scope="module")
def isa_objects():
    """The objects of the release build; build/c has them if `make` built the wheel."""
    build = tree.load_build()
    builder = build.Builder(build.default_toolchain(), ROOT / "build" / "c")
    paths = build.build_core(builder)
    return {path.stem.removeprefix("isa_"): path for path in paths if path.stem.startswith("isa_")}


def test_isa_objects_define_only_suffixed_symbols(isa_objects):
    """Else the linker could merge code for one processor into what all of them run."""
    for isa, path in isa_objects.items():
        lines = output_of("nm", "--extern-only", "--defined-only", path).splitlines()
        symbols = {line.split()[-1] for line in lines}
        assert symbols
        assert all(name.endswith(f"_{isa}") for name in symbols), symbols
        assert {line.split()[-2] for line in lines} <= set("TDRB"), "weak or unique symbols"


def test_isa_objects_call_nothing_but_memory_functions(isa_objects):
    for path in isa_objects.values():
        lines = output_of("nm", "--undefined-only", path).splitlines()
        called = {line.split()[-1] for line in lines}
        assert called <= {"memcpy", "memmove", "memset", "memcmp", "_GLOBAL_OFFSET_TABLE_"}


def test_isa_objects_have_no_initialisers_and_no_state(isa_objects):
    for path in isa_objects.values():
        sizes = dict(
            re.findall(r"^\s*\d+ (\S+)\s+([0-9a-f]+)", output_of("objdump", "-h", path), re.M)
        )
        assert not [name for name in sizes if name.startswith((".init_array", ".ctors"))]
        assert int(sizes.get(".data", "0"), 16) == int(sizes.get(".bss", "0"), 16) == 0


# ---------------------------------------------------------------- a small tree of the same shape


@pytest.fixture
def small(tmp_path):
    """A tree that compiles in a second, and the build module that belongs to it."""
    files = {
        "pyproject.toml": '[project]\nversion = "9.8"\n',
        "csrc/base/one.h": "int one(void);\n",
        "csrc/base/one.c": '#include "base/one.h"\nint one(void) { return 1; }\n',
        "csrc/runtime/two.c": "int two(void);\nint two(void) { return 2; }\n",
        "csrc/kernels/add.tmpl.h": "int NAME(int a) { return a + 1; }\n",
        "csrc/kernels/kernels.c": "#ifdef FASTEINSUM_HAVE_AVX512\nint avx512;\n#endif\nint x;\n",
        "tests/c/check.h": "int one(void);\n",
        "tests/c/helper.c": "int helper(void);\nint helper(void) { return 1; }\n",
        "tests/c/test_good.c": '#include "check.h"\nint main(void) { return one() - 1; }\n',
    }
    build_py = ROOT / "csrc" / "build.py"
    for isa in tree.load_build().ISA_FLAGS:
        text = f'#define NAME add_{isa}\n#include "kernels/add.tmpl.h"\n'
        files[f"csrc/kernels/isa_{isa}.c"] = text
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(build_py, tmp_path / "csrc" / "build.py")
    return tree.load_build(tmp_path)


def compile_core(build, *cflags, cc=CC):
    """The stems of what had to be compiled."""
    builder = build.Builder(build.Toolchain(tuple(cc), cflags), build.ROOT / "out")
    build.build_core(builder)
    return {path.stem for path in builder.made}


def fake_compiler(build, script):
    """A compiler that runs a shell script first."""
    path = build.ROOT / "cc"
    path.write_text(f'#!/bin/sh\n{script}\nexec {shlex.join(CC)} "$@"\n')
    path.chmod(0o755)
    return (str(path),)


def test_nothing_is_compiled_twice(small):
    built = {f"isa_{name}" for name in small.probe_isas(small.Toolchain(CC)).built}
    assert compile_core(small) == {"one", "two", "kernels"} | built
    assert compile_core(small) == set()


def test_an_edited_template_rebuilds_what_includes_it(small):
    isas = {name for name in compile_core(small) if name.startswith("isa_")}
    template = small.ROOT / "csrc/kernels/add.tmpl.h"
    template.write_text(template.read_text().replace("+ 1", "+ 2"))
    assert compile_core(small) == isas


def test_an_edited_header_rebuilds_what_includes_it(small):
    compile_core(small)
    (small.ROOT / "csrc/base/one.h").write_text("int one(void); /* edited */\n")
    assert compile_core(small) == {"one"}


def test_a_touched_file_rebuilds_nothing(small):
    compile_core(small)
    (small.ROOT / "csrc/base/one.h").touch()
    assert compile_core(small) == set()


def test_a_header_that_is_gone_is_missed(small):
    compile_core(small)
    (small.ROOT / "csrc/base/one.h").unlink()
    with pytest.raises(small.BuildError, match=r"one\.h"):
        compile_core(small)


def test_other_flags_rebuild_everything(small):
    everything = compile_core(small)
    assert compile_core(small, "-O1") == everything


def test_another_compiler_version_rebuilds_everything(small):
    script = 'if [ "$1" = --version ]; then cat "$(dirname "$0")/version"; exit; fi'
    cc = fake_compiler(small, script)
    version = small.ROOT / "version"
    version.write_text("gcc 1.0\n")
    everything = compile_core(small, cc=cc)
    assert compile_core(small, cc=cc) == set()
    version.write_text("gcc 1.1\n")
    assert compile_core(small, cc=cc) == everything


def test_a_failed_compilation_is_tried_again(small):
    source = small.ROOT / "csrc/base/one.c"
    good = source.read_text()
    compile_core(small)
    source.write_text("int one(void) { return }\n")
    for _ in range(2):
        with pytest.raises(small.BuildError, match=r"one\.c.*error"):
            compile_core(small)
    source.write_text(good)
    assert compile_core(small) == {"one"}


@pytest.mark.skipif(tree.load_build().Toolchain(CC).processor != "x86_64", reason="names x86 ISAs")
def test_an_isa_that_the_compiler_cannot_build_is_dropped(small):
    script = 'case "$*" in *-mavx512f*) echo "cc: error: no avx512 here" >&2; exit 1;; esac'
    cc = fake_compiler(small, script)
    assert compile_core(small, cc=cc) == {"one", "two", "kernels", "isa_baseline", "isa_avx2"}
    toolchain = small.Toolchain(cc)
    isas = small.probe_isas(toolchain)
    assert isas.dropped == {"avx512": "cc: error: no avx512 here"}
    info = small.build_info(toolchain, isas)
    assert '#define FASTEINSUM_ISAS_DROPPED "avx512: cc: error: no avx512 here"' in info
    symbols = output_of("nm", small.ROOT / "out/csrc/kernels/kernels.o")
    assert re.search(r" x$", symbols, re.M)
    assert "avx512" not in symbols


@pytest.mark.skipif(tree.load_build().Toolchain(CC).processor != "x86_64", reason="names x86 ISAs")
def test_the_baseline_is_never_dropped(small):
    cc = fake_compiler(small, 'case "$*" in *-march=*|*-mavx*) echo no >&2; exit 1;; esac')
    assert compile_core(small, cc=cc) == {"one", "two", "kernels", "isa_baseline"}
    assert set(small.probe_isas(small.Toolchain(cc)).dropped) == {"baseline", "avx2", "avx512"}


def test_the_target_decides_and_not_this_machine(small):
    script = 'if [ "$1" = -dumpmachine ]; then echo {}-linux-gnu; exit; fi'
    cc = fake_compiler(small, script.format("aarch64"))
    assert set(small.probe_isas(small.Toolchain(cc)).built) == {"baseline", "neon"}
    cc = fake_compiler(small, script.format("riscv64"))
    assert set(small.probe_isas(small.Toolchain(cc)).built) == {"baseline"}


def test_a_compiler_that_is_missing_is_named(small):
    with pytest.raises(small.BuildError, match="no-such-compiler"):
        compile_core(small, cc=("no-such-compiler",))


def test_flags_never_depend_on_the_build_machine(small):
    build = tree.load_build()
    text = (ROOT / "csrc" / "build.py").read_text() + (ROOT / "setup.py").read_text()
    assert "-Ofast" not in text
    assert "fast-math" not in text
    assert "march=native" not in text
    assert "-ffp-contract=fast" in build.KERNEL_FLAGS
    assert "-ffp-contract=off" in build.CORE_FLAGS


def test_environment_reaches_the_compiler(monkeypatch):
    monkeypatch.setenv("CC", "some-cc -m64")
    monkeypatch.setenv("FASTEINSUM_CFLAGS", "-g '-DNAME=a b'")
    monkeypatch.setenv("FASTEINSUM_LDFLAGS", "-static")
    toolchain = tree.load_build().default_toolchain()
    assert toolchain.cc == ("some-cc", "-m64")
    assert toolchain.cflags == ("-g", "-DNAME=a b")
    assert toolchain.ldflags == ("-static",)


def test_source_hash_follows_names_and_contents(small):
    first = small.source_hash()
    (small.ROOT / "csrc/base/one.c~").write_text("an editor's backup")
    assert small.source_hash() == first
    source = small.ROOT / "csrc/base/one.c"
    renamed = source.rename(source.with_name("uno.c"))
    second = small.source_hash()
    renamed.rename(source)
    assert small.source_hash() == first != second
    source.write_text(source.read_text() + "\n")
    assert small.source_hash() not in (first, second)


def test_build_info_is_c(small):
    toolchain = small.Toolchain(CC, ('-DQUOTED="a\\b"',))
    info = small.build_info(toolchain, small.Isas({}, {"avx2": "‘-mavx2’ unknown"}))
    source = info + "const char *all[] = {FASTEINSUM_VERSION, FASTEINSUM_SOURCE_HASH, "
    source += "FASTEINSUM_COMPILER, FASTEINSUM_FLAGS, FASTEINSUM_ISAS_DROPPED};\n"
    command = [*CC, "-Werror", "-Wall", "-fsyntax-only", "-x", "c", "-"]
    subprocess.run(command, input=source, text=True, check=True)
    assert '"9.8"' in info
    assert "avx2: '-mavx2' unknown" in info


# ---------------------------------------------------------------- running the C tests


def run_tests(build, *arguments):
    command = [sys.executable, build.ROOT / "csrc/build.py", "--out", build.ROOT / "out", "--run"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True)


def test_c_tests_pass(small):
    done = run_tests(small)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return 3;", "exit status 3"),
        ("return *(volatile int *)8;", "ended by SIGSEGV"),
        ("for (;;) {}", "still running after 1 s"),
    ],
)
def test_c_tests_that_fail_are_counted(small, body, complaint):
    (small.ROOT / "tests/c/test_bad.c").write_text(f"int main(void) {{ {body} }}\n")
    done = run_tests(small, "--timeout", "1")
    assert done.returncode == 1
    assert f"FAILED test_bad: {complaint}" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"


def test_c_tests_run_in_an_emulator(small):
    assert run_tests(small, "--runner", "env false").stdout.endswith("0 passed, 1 failed\n")


def test_c_tests_that_are_left_out(small):
    (small.ROOT / "tests/c/test_bad.c").write_text("int main(void) { return 3; }\n")
    assert run_tests(small, "--without", "bad").stdout.endswith("1 passed, 0 failed\n")


def test_no_c_test_is_a_failure(small):
    assert run_tests(small, "--only", "nothing_like_this").returncode == 1


# ---------------------------------------------------------------- a stale extension


def test_a_stale_extension_is_refused(tmp_path):
    for name in ("csrc", "tests/python"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for test in (tmp_path / "tests/python").glob("test_*.py"):
        test.unlink()
    (tmp_path / "tests/python/test_one.py").write_text("def test_one(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python"]
    fresh = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in fresh.stdout
    with (tmp_path / "csrc/base/error.c").open("a") as source:
        source.write("/* edited */\n")
    stale = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert stale.returncode != 0
    assert "passed" not in stale.stdout
    assert "run `make test`" in stale.stdout + stale.stderr
