"""Compiles the C code: which files, with which flags, and which of them are out of date.

Used by setup.py for the extension, and from the command line for the C tests:

    python3 csrc/build.py --out build/c --tests --run

Nothing but the standard library is needed; `--binding` also needs Python's and numpy's headers.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE_SUFFIXES = {".c", ".h", ".py"}

COMMON_FLAGS = ("-std=gnu11", "-O3", "-fno-math-errno", "-fvisibility=hidden", "-fPIC", "-Icsrc")
CORE_FLAGS = ("-ffp-contract=off",)
KERNEL_FLAGS = ("-ffp-contract=fast",)
BINDING_FLAGS = (
    "-DNPY_TARGET_VERSION=NPY_1_25_API_VERSION",
    "-DNPY_NO_DEPRECATED_API=NPY_1_25_API_VERSION",
)
LIBRARIES = ("-lm", "-lpthread")

# What each csrc/kernels/isa_<name>.c is compiled with, by the processor that the compiler targets;
# "" stands for every processor. runtime/cpu.c asks the machine for each feature named here.
AVX2_FLAGS = ("-mavx2", "-mfma", "-mbmi2", "-mf16c")
AVX512_FLAGS = ("-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mprefer-vector-width=512")
ISA_FLAGS: dict[str, dict[str, tuple[str, ...]]] = {
    "baseline": {"x86_64": ("-march=x86-64-v2",), "": ()},
    "neon": {"aarch64": ()},
    "avx2": {"x86_64": AVX2_FLAGS},
    "avx512": {"x86_64": AVX2_FLAGS + AVX512_FLAGS},
}
PROBE = "typedef float V __attribute__((vector_size(64))); V f(V a, V b) { return a * b + a; }\n"


class BuildError(Exception):
    """The compiler refused something; the message is complete."""


@dataclass(frozen=True)
class Toolchain:
    """The compiler, what the caller adds to its flags, and how many of it run at once."""

    cc: tuple[str, ...]
    cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    jobs: int = 2

    def output_of(self, *arguments: str) -> str:
        command = (*self.cc, *arguments)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise BuildError(
                f"the compiler cannot be run: {shlex.join(command)}: {error}"
            ) from None
        return done.stdout

    @cached_property
    def version(self) -> str:
        return self.output_of("--version").splitlines()[0]

    @cached_property
    def processor(self) -> str:
        """The target's processor; a cross compiler names its own."""
        name = self.output_of("-dumpmachine").split("-")[0]
        return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


@dataclass(frozen=True)
class Unit:
    """One C file (relative to the root) and the flags that are its own."""

    source: Path
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Isas:
    """What becomes of each isa_<name>.c that the target processor knows."""

    built: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name: flags
    dropped: dict[str, str] = field(default_factory=dict)  # name: reason


# ---------------------------------------------------------------- which files, with which flags


def default_toolchain() -> Toolchain:
    """CC, FASTEINSUM_CFLAGS and FASTEINSUM_LDFLAGS of the environment, else Python's compiler."""
    cc = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return Toolchain(
        cc=tuple(shlex.split(cc)),
        cflags=tuple(shlex.split(os.environ.get("FASTEINSUM_CFLAGS", ""))),
        ldflags=tuple(shlex.split(os.environ.get("FASTEINSUM_LDFLAGS", ""))),
        jobs=len(os.sched_getaffinity(0)),
    )


def probe_isas(toolchain: Toolchain) -> Isas:
    """Tries the flags of each ISA. The baseline does without its flags where they are unknown."""
    isas = Isas()
    processor = toolchain.processor
    for name, by_processor in ISA_FLAGS.items():
        flags = by_processor.get(processor, by_processor.get(""))
        if flags is None:
            continue
        reason = probe_flags(toolchain, flags)
        if not reason:
            isas.built[name] = flags
            continue
        isas.dropped[name] = reason
        if name == "baseline":
            isas.built[name] = ()
    return isas


def probe_flags(toolchain: Toolchain, flags: Sequence[str]) -> str:
    """Empty if the compiler takes the flags, else the first line of its complaint."""
    command = [*toolchain.cc, *COMMON_FLAGS, *toolchain.cflags, *flags]
    command += ["-w", "-x", "c", "-c", "-o", os.devnull, "-"]
    done = subprocess.run(command, input=PROBE, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or ["the compiler failed"])[0]


def core_units(isas: Isas) -> list[Unit]:
    """The Python-free core. The slow files come first, so that no processor idles at the end."""
    sources = [path for path in list_files("csrc", "*.c") if path.parts[1] != "binding"]
    kernels = [path for path in sources if path.parts[1] == "kernels"]
    shared = [path for path in kernels if not path.stem.startswith("isa_")]
    have = tuple(f"-DFASTEINSUM_HAVE_{name.upper()}=1" for name in isas.built)
    isa_units = [
        Unit(Path(f"csrc/kernels/isa_{name}.c"), KERNEL_FLAGS + flags)
        for name, flags in reversed(isas.built.items())
    ]
    return (
        isa_units
        + [Unit(path, KERNEL_FLAGS + have) for path in shared]
        + [Unit(path, CORE_FLAGS) for path in sources if path not in kernels]
    )


def binding_units(out: Path) -> list[Unit]:
    """The files that see Python; they also see the generated build_info.h."""
    import numpy  # build_requires has it

    systems = (sysconfig.get_paths()["include"], numpy.get_include())
    flags = CORE_FLAGS + BINDING_FLAGS + (f"-I{out}",)
    flags += tuple(f"-isystem{directory}" for directory in systems)
    return [Unit(path, flags) for path in list_files("csrc/binding", "*.c")]


def list_files(directory: str, pattern: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / directory).rglob(pattern))


# ---------------------------------------------------------------- what the binary says of itself


def source_hash() -> str:
    """Names and contents of all that is compiled, so that a stale extension can be noticed."""
    digest = hashlib.sha256()
    for path in list_files("csrc", "*"):
        if path.suffix in SOURCE_SUFFIXES:
            content = (ROOT / path).read_bytes()
            digest.update(f"{path.as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:16]


def project_version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def build_info(toolchain: Toolchain, isas: Isas) -> str:
    """The text of build_info.h, which csrc/binding/ includes."""
    common = COMMON_FLAGS + toolchain.cflags
    groups = {"core": CORE_FLAGS, "kernels": KERNEL_FLAGS} | isas.built
    flags = [f"all: {shlex.join(common)}"]
    flags += [f"{name}: {shlex.join(own)}" for name, own in groups.items()]
    dropped = [f"{name}: {reason}" for name, reason in isas.dropped.items()]
    values = {
        "VERSION": project_version(),
        "SOURCE_HASH": source_hash(),
        "COMPILER": toolchain.version,
        "FLAGS": "; ".join(flags),
        "ISAS_DROPPED": "; ".join(dropped),
    }
    lines = [f"#define FASTEINSUM_{name} {c_string(value)}" for name, value in values.items()]
    return "/* Made by csrc/build.py. */\n" + "\n".join(lines) + "\n"


def c_string(text: str) -> str:
    """A C string literal; what is not plain ASCII (a compiler's quotation marks) becomes '."""
    plain = re.sub(r"[^ -~]", "'", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_if_changed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


# ---------------------------------------------------------------- compiling what is out of date


@dataclass
class Builder:
    """Makes files under out. Beside each lies a stamp: the command and the hash of every input.

    Contents are compared, not times, so a directory can serve several copies of the sources."""

    toolchain: Toolchain
    out: Path
    made: list[Path] = field(default_factory=list)  # by this builder; the rest was up to date

    def compile_all(self, units: Iterable[Unit]) -> list[Path]:
        return self._in_parallel(self._compile, units)

    def link_all(self, programs: dict[Path, list[Path]]) -> list[Path]:
        """programs: the objects of each program."""
        return self._in_parallel(lambda item: self._link(*item), programs.items())

    def _in_parallel(self, work: Callable, things: Iterable) -> list[Path]:
        with ThreadPoolExecutor(self.toolchain.jobs) as pool:
            return list(pool.map(work, things))

    def _compile(self, unit: Unit) -> Path:
        target = self.out / unit.source.with_suffix(".o")
        depfile = target.with_suffix(".d")
        flags = (*COMMON_FLAGS, *unit.flags, *self.toolchain.cflags)
        command = [*self.toolchain.cc, *flags, "-MMD", "-MF", str(depfile)]
        command += ["-c", unit.source.as_posix(), "-o", str(target)]
        self._make(target, command, lambda: read_depfile(depfile))
        return target

    def _link(self, program: Path, objects: list[Path]) -> Path:
        command = [*self.toolchain.cc, *map(str, objects), "-o", str(program)]
        command += [*self.toolchain.cflags, *self.toolchain.ldflags, *LIBRARIES]
        self._make(program, command, lambda: [str(path) for path in objects])
        return program

    def _make(self, target: Path, command: list[str], inputs_of: Callable[[], list[str]]) -> None:
        stamp = Path(f"{target}.json")
        identity = [self.toolchain.version, *command]
        if target.exists() and is_fresh(stamp, identity):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        start = time.time_ns()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise BuildError(f"{shlex.join(command)}\n{done.stderr}")
        sys.stderr.write(done.stderr)
        self.made.append(target)
        inputs = inputs_of()
        if all(
            (ROOT / name).stat().st_mtime_ns < start for name in inputs
        ):  # none edited meanwhile
            hashes = {name: file_hash(name) for name in inputs}
            stamp.write_text(json.dumps({"command": identity, "inputs": hashes}))


def is_fresh(stamp: Path, identity: list[str]) -> bool:
    try:
        record = json.loads(stamp.read_text())
        if record["command"] != identity:
            return False
        return all(file_hash(name) == known for name, known in record["inputs"].items())
    except (OSError, ValueError):  # no stamp, a broken one, or an input that is gone
        return False


def file_hash(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def read_depfile(depfile: Path) -> list[str]:
    """The inputs of `target: input input \\ ...`; the compiler leaves system headers out."""
    text = depfile.read_text().replace("\\\n", " ")
    return shlex.split(text.split(": ", 1)[1])


# ---------------------------------------------------------------- what callers ask for


def build_core(builder: Builder) -> list[Path]:
    return builder.compile_all(core_units(probe_isas(builder.toolchain)))


def build_binding(builder: Builder) -> list[Path]:
    isas = probe_isas(builder.toolchain)
    write_if_changed(builder.out / "build_info.h", build_info(builder.toolchain, isas))
    return builder.compile_all(binding_units(builder.out))


def build_tests(
    builder: Builder, core: list[Path], only: str = "", without: str = ""
) -> list[Path]:
    """One program for each tests/c/test_*.c; the other files there are linked into all of them."""
    sources = list_files("tests/c", "*.c")
    tests = [path for path in sources if path.stem.startswith("test_") and only in path.stem]
    tests = [path for path in tests if not without or without not in path.stem]
    if not tests:
        raise BuildError(f"there is no tests/c/test_*{only}*.c")
    helpers = [path for path in sources if not path.stem.startswith("test_")]
    flags = CORE_FLAGS + ("-Itests/c",)
    shared = builder.compile_all([Unit(path, flags) for path in helpers]) + core
    objects = builder.compile_all([Unit(path, flags) for path in tests])
    return builder.link_all({thing.with_suffix(""): [thing, *shared] for thing in objects})


@dataclass(frozen=True)
class Run:
    """What came of one test program."""

    program: Path
    seconds: float
    output: str
    failure: str  # empty if it passed

    def describe(self) -> str:
        if self.failure:
            return f"{self.output.rstrip()}\nFAILED {self.program.name}: {self.failure}"
        summary = (self.output.strip().splitlines() or [self.program.name])[-1]
        return f"{summary} ({self.seconds:.1f} s)"


def run_program(program: Path, runner: Sequence[str], timeout: float) -> Run:
    start = time.monotonic()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run([*runner, program], cwd=ROOT, timeout=timeout, **pipes)
        output, failure = done.stdout, describe_exit(done.returncode)
    except subprocess.TimeoutExpired as error:
        output, failure = error.stdout or b"", f"still running after {timeout:.0f} s"
    return Run(program, time.monotonic() - start, output.decode(errors="replace"), failure)


def describe_exit(code: int) -> str:
    if code == 0:
        return ""
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def run_programs(programs: list[Path], jobs: int, runner: Sequence[str], timeout: float) -> bool:
    """Runs all, a line for each, and the closing line; true if all passed."""
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for run in pool.map(lambda program: run_program(program, runner, timeout), programs):
            print(run.describe(), flush=True)
            failed += bool(run.failure)
    print(f"{len(programs) - failed} passed, {failed} failed", flush=True)
    return failed == 0


def parse_arguments() -> argparse.Namespace:
    default = default_toolchain()
    parser = argparse.ArgumentParser(description="compile the C core, and run its tests")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "c", help="where objects go")
    parser.add_argument("--cc", default=shlex.join(default.cc), help="the compiler")
    parser.add_argument("--cflags", default=shlex.join(default.cflags), help="more flags for it")
    parser.add_argument("--ldflags", default=shlex.join(default.ldflags), help="for linking")
    parser.add_argument("--jobs", type=int, default=default.jobs, help="processes at a time")
    parser.add_argument("--binding", action="store_true", help="compile csrc/binding, not the core")
    parser.add_argument("--tests", action="store_true", help="compile the core, and link tests/c")
    parser.add_argument("--only", default="", metavar="PART", help="tests whose name has PART")
    parser.add_argument(
        "--without", default="", metavar="PART", help="leave out tests whose name has PART"
    )
    parser.add_argument("--run", action="store_true", help="run the test programs")
    parser.add_argument("--runner", default="", help="what runs them, such as an emulator")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for each program")
    parser.add_argument("--source-hash", action="store_true", help="print it and do nothing else")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if arguments.source_hash:
        print(source_hash())
        return 0
    flags = [tuple(shlex.split(text)) for text in (arguments.cflags, arguments.ldflags)]
    toolchain = Toolchain(tuple(shlex.split(arguments.cc)), *flags, arguments.jobs)
    builder = Builder(toolchain, arguments.out.resolve())
    try:
        has_tests = arguments.tests or arguments.run
        core = build_core(builder) if has_tests or not arguments.binding else []
        if arguments.binding:
            build_binding(builder)
        programs = []
        if has_tests:
            programs = build_tests(builder, core, arguments.only, arguments.without)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    if not arguments.run:
        return 0
    runner = shlex.split(arguments.runner)
    return 0 if run_programs(programs, arguments.jobs, runner, arguments.timeout) else 1


if __name__ == "__main__":
    sys.exit(main())
