"""The invariants of docs/architecture.md that can be checked by reading the tree."""

import ast
import re
import subprocess
import sysconfig
import tomllib
from graphlib import CycleError, TopologicalSorter

import numpy as np
import pytest
import tree
from tree import CSRC, ROOT, c_files, code_of, files_of, includes_of, literals_of, name_of

# base < runtime < notation, kernels < strategies < planning < the files of csrc/ itself < binding
RANKS = {
    "base": 0,
    "runtime": 1,
    "notation": 2,
    "kernels": 2,
    "strategies": 3,
    "planning": 4,
    "": 5,
    "binding": 6,
}
# Instructions that the compiler's vector extensions have no words for, and what asks for them.
INTRINSICS = {"kernels": {"arm_neon", "immintrin"}, "runtime": {"cpuid"}}
SYSTEM_HEADERS = {
    *(
        "assert",
        "errno",
        "inttypes",
        "limits",
        "math",
        "stdalign",
        "stdarg",
        "stdatomic",
        "stdbool",
        "stddef",
    ),
    *(
        "fenv",
        "stdint",
        "stdio",
        "stdlib",
        "string",
        "pthread",
        "sched",
        "signal",
        "time",
        "unistd",
    ),
}
ALLOCATORS = re.compile(
    r"\b(malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|memalign|strdup"
    r"|strndup|alloca|__builtin_alloca|asprintf|vasprintf|open_memstream|getline|mmap)\s*\("
)
DOCUMENTS = [
    *files_of(ROOT / "docs", "*.md"),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).exists()),
]
TEXT_PATTERNS = ("*.c", "*.h", "*.py", "*.pyi", "*.md", "*.txt", "*.toml", "*.in", "Makefile")

FUNCTION_LINES = 80
FILE_LINES = 500
PARAMETERS = 7  # rarely more than 5; the Error to fill is not counted
NESTING = 3

build = tree.load_build()


def layer_of(path):
    return path.parent.relative_to(CSRC).as_posix().removeprefix(".")


def own_includes(path):
    """The project's headers that a file includes, as files."""
    return [CSRC / text[1:-1] for text in includes_of(path) if text.startswith('"')]


def is_template(path):
    return path.name.endswith(".tmpl.h")


def list_entries(path, macro):
    """The first word of each row of an X-macro list."""
    body = re.search(rf"#define {macro}\(X\)((?:.*\\\n)*.*)", path.read_text()).group(1)
    return re.findall(r"X\((\w+)", body)


def documentation():
    return "\n".join(path.read_text() for path in DOCUMENTS)


# ---------------------------------------------------------------- layers and includes


def test_every_folder_is_a_layer():
    assert {layer_of(path) for path in c_files()} == set(RANKS)


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_includes_follow_the_layers(path):
    layer = layer_of(path)
    for header in own_includes(path):
        if header.name == "build_info.h":  # generated, and for the binding only
            assert layer == "binding"
            continue
        assert header.is_file(), f"{header} does not exist"
        other = layer_of(header)
        assert other == layer or RANKS[other] < RANKS[layer], f"includes {name_of(header)}"


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_system_includes_are_the_c_library(path):
    if layer_of(path) == "binding":
        return
    headers = {text[1:-1].removesuffix(".h") for text in includes_of(path) if text[0] == "<"}
    # What runtime/ asks the system for stays there.
    system = {name for name in headers if name.startswith(("sys/", "linux/"))}
    assert not system or layer_of(path) == "runtime"
    assert headers - system <= SYSTEM_HEADERS | INTRINSICS.get(layer_of(path), set())


def test_headers_have_no_cycles():
    graph = {path: own_includes(path) for path in c_files()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(name_of(path) for path in error.args[1]))


def test_every_header_is_included():
    included = {header for path in c_files() for header in own_includes(path)}
    included |= {
        CSRC / text[1:-1]
        for path in files_of(ROOT / "tests" / "c", "*.c")
        for text in includes_of(path)
    }
    assert {path for path in c_files() if path.suffix == ".h"} <= included


@pytest.mark.parametrize(
    "path",
    [path for path in c_files() if path.suffix == ".h" and not is_template(path)],
    ids=name_of,
)
def test_header_compiles_alone(path):
    """Twice, for its guard."""
    command = [
        *build.default_toolchain().cc,
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Wundef",
        "-Werror",
    ]
    command += ["-fsyntax-only", f"-I{CSRC}", "-x", "c", "-"]
    if layer_of(path) == "binding":
        include = sysconfig.get_paths()["include"]
        command[1:1] = [f"-isystem{include}", f"-isystem{np.get_include()}", *build.BINDING_FLAGS]
    source = f'#include "{name_of(path)}"\n' * 2
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path",
    [path for path in c_files() if path.suffix == ".h" and not is_template(path)],
    ids=name_of,
)
def test_header_guard_names_the_file(path):
    guard = "FASTEINSUM_" + re.sub(r"\W", "_", name_of(path)).upper()
    assert re.search(rf"^#ifndef {guard}\n#define {guard}\n", path.read_text(), re.M)


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_only_the_binding_sees_python(path):
    if layer_of(path) == "binding":
        return
    headers = [text for text in includes_of(path) if "Python.h" in text or "numpy/" in text]
    assert not headers
    assert not re.search(r"\b(Py|PyArray|NPY)_?[A-Z]\w*\b", code_of(path))


# ---------------------------------------------------------------- memory, errors, state


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_only_memory_c_allocates(path):
    calls = {match.group(1) for match in ALLOCATORS.finditer(code_of(path))}
    assert not calls or name_of(path) == "base/memory.c", f"calls {calls}"


def test_executing_a_plan_has_no_allocator_and_no_error():
    headers = {name_of(path) for path in own_includes(CSRC / "planning" / "plan_execute.c")}
    assert not headers & {"base/memory.h", "base/arena.h"}
    assert not re.search(r"\b(Status|Error)\b", code_of(CSRC / "planning" / "plan_execute.c"))


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_environment_is_read_at_the_edges_only(path):
    """Plans and kernels depend on their arguments alone."""
    if layer_of(path) in ("base", "notation", "kernels", "strategies", "planning"):
        assert not re.search(r"\b(secure_)?getenv\s*\(", code_of(path))


def test_every_status_becomes_an_exception():
    table = code_of(CSRC / "binding" / "errors.c")
    for status in list_entries(CSRC / "base" / "error.h", "STATUS_LIST"):
        assert status == "OK" or f"[STATUS_{status}]" in table


def test_every_status_is_returned_somewhere():
    users = "".join(code_of(path) for path in c_files() if path.name not in ("error.h", "errors.c"))
    for status in list_entries(CSRC / "base" / "error.h", "STATUS_LIST"):
        assert f"STATUS_{status}" in users


# ---------------------------------------------------------------- the registries


def test_every_isa_has_its_file_and_flags():
    isas = {name.lower() for name in list_entries(CSRC / "runtime" / "cpu.h", "ISA_LIST")}
    files = {path.stem.removeprefix("isa_") for path in (CSRC / "kernels").glob("isa_*.c")}
    assert isas == files == set(build.ISA_FLAGS)


def test_every_feature_in_the_flags_is_asked_of_the_machine():
    code = code_of(CSRC / "runtime" / "cpu.c")
    cpu = {*literals_of(CSRC / "runtime" / "cpu.c"), *re.findall(r"&& has_(\w+)\(\)", code)}
    flags = {
        flag for by_target in build.ISA_FLAGS.values() for own in by_target.values() for flag in own
    }
    features = {flag[2:] for flag in flags if flag.startswith("-m") and "=" not in flag}
    assert features
    assert features <= cpu


def test_every_kernel_template_is_in_the_set():
    def reached(path):
        return {path}.union(
            *(reached(header) for header in own_includes(path) if is_template(header))
        )

    kernels = CSRC / "kernels"
    assert reached(kernels / "isa.tmpl.h") == set(kernels.glob("*.tmpl.h"))


def test_every_member_of_the_kernel_set_is_filled():
    declaration = re.search(
        r"typedef struct KernelSet \{(.*?)\}", code_of(CSRC / "kernels/kernels.h"), re.S
    )
    members = re.findall(r"(\w+);", declaration.group(1))
    filled = re.findall(r"^    \.(\w+) =", code_of(CSRC / "kernels" / "set.tmpl.h"), re.M)
    assert members == filled


def test_every_kernel_is_tested():
    structs = re.findall(
        r"typedef struct (?:Tile|KernelSet|HalfKernels) \{(.*?)\}",
        code_of(CSRC / "kernels/kernels.h"),
        re.S,
    )
    members = [member for body in structs for member in body.split(";") if "Kernel" in member]
    kernels = {name for member in members for name in re.findall(r"\*(\w+)", member)}
    tests = "".join(code_of(path) for path in files_of(ROOT / "tests/c", "test_kernel_*.c"))
    assert kernels
    assert kernels <= set(re.findall(r"->(\w+)", tests))
    assert "copy_kernel_for(" in tests


def test_every_strategy_is_listed_and_documented():
    defined = set()
    for path in (CSRC / "strategies").glob("*.c"):
        defined |= set(re.findall(r"^const Strategy (strategy_\w+) =", code_of(path), re.M))
    listed = set(re.findall(r"&(strategy_\w+)", code_of(CSRC / "strategies" / "strategy.c")))
    assert defined == listed
    for name in defined:
        assert f"`{name.removeprefix('strategy_')}`" in documentation()


def test_environment_variables_are_documented():
    spelled = re.compile(r"FASTEINSUM_[A-Z_]+[A-Z]")
    used = {text for path in c_files() for text in literals_of(path) if spelled.fullmatch(text)}
    for path in files_of(ROOT, "*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                used |= set(spelled.findall(node.value)) if spelled.fullmatch(node.value) else set()
    used |= set(re.findall(r"(FASTEINSUM_[A-Z_]+)=", (ROOT / "Makefile").read_text()))
    assert used
    assert used <= set(spelled.findall(documentation()))


def test_source_distribution_takes_every_file():
    """By its suffix: what MANIFEST.in forgets is missing from the wheel's build."""
    for line in (ROOT / "MANIFEST.in").read_text().splitlines():
        kind, folder, *patterns = line.split()
        if kind == "recursive-include":
            left_out = set(files_of(ROOT / folder, "*")) - set(files_of(ROOT / folder, *patterns))
            assert not left_out


def test_make_lists_its_tasks():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", makefile, re.M).group(1)
    tasks = set(phony.replace("\\", " ").split()) - {"help"}
    tasks -= {"sanitize-c", "sanitize-threads", "sanitize-python"}
    listed = re.findall(r'@echo "make ([\w-]+) ', makefile)
    assert set(listed) == tasks


def test_the_newest_change_is_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    heading = re.search(r"^## \[?(\d[\w.]*)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert heading.group(1) == project["version"]


# ---------------------------------------------------------------- form


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_c_functions_are_small(path):
    for function in tree.functions_of(path):
        assert function.line_count <= FUNCTION_LINES, f"{function}: {function.line_count} lines"
        assert function.parameter_count <= PARAMETERS, (
            f"{function}: {function.parameter_count} parameters"
        )
        assert function.nesting <= NESTING, f"{function}: nested {function.nesting} deep"


def test_the_scanner_sees_functions(tmp_path):
    """Else the test above could not fail."""
    source = tmp_path / "sample.c"
    source.write_text(
        "typedef struct A { int a; } A;\n"
        "static const A table[] = {{1}};\n"
        "#define MAKE(n) \\\n    static void NAME(n)(int a) { \\\n        f(a); \\\n    }\n"
        "static int name(int a, void (*f)(int, int), Error *error) {\n"
        "    for (;;) {\n        if (a) {\n            A b = {1};\n        }\n    }\n}\n"
    )
    made, plain = tree.functions_of(source)
    assert (made.name, made.line_count) == ("NAME(n)", 3)
    assert (plain.name, plain.parameter_count) == ("name", 2)
    assert (plain.line_count, plain.nesting) == (7, 2)


def test_python_functions_are_small():
    for path in files_of(ROOT, "*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= FUNCTION_LINES, f"{path}: {node.name} has {lines} lines"


def test_files_are_short():
    for path in [*c_files(), *files_of(CSRC, "*.py"), *files_of(ROOT / "python", "*.py")]:
        lines = path.read_text().count("\n")
        assert lines <= FILE_LINES, f"{path} has {lines} lines"


@pytest.mark.parametrize("path", c_files(), ids=name_of)
def test_no_goto_but_done(path):
    assert not re.search(r"\bgoto\s+(?!done\b)", code_of(path))


def test_every_c_test_reports():
    programs = files_of(ROOT / "tests" / "c", "test_*.c")
    assert programs
    for path in programs:
        assert re.search(r"return check_report\(\);", code_of(path)), path.name


def test_no_path_of_a_machine_and_nothing_unfinished():
    machine = re.compile(r"(?<![\w.])/(home|root|work|tmp|Users|opt)/\w")
    unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    for path in files_of(ROOT, *TEXT_PATTERNS):
        text = path.read_text()
        assert not machine.search(text), f"{path}: {machine.search(text).group()}"
        assert not unfinished.search(text), f"{path}: {unfinished.search(text).group()}"
