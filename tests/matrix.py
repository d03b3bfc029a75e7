"""The Python tests, NumPy's own among them, on each newer Python that is found, with the newest
NumPy that it has: `make test-matrix`, or `make test-matrix ARGS=3.13` for some versions.

The source distribution in dist/ is built and installed in an environment in build/matrix/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "build" / "matrix"
VERSIONS = ("3.12", "3.13", "3.14")
CASES = "2000"
FACTS = (
    "import numpy, platform; print('Python', platform.python_version(), 'NumPy', numpy.__version__)"
)


def interpreter(version: str) -> str | None:
    """One on the path that runs (shims may not), or one of pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(root.glob(f"versions/{version}.*/bin/python"))
    for candidate in (shutil.which(f"python{version}"), *map(str, reversed(installed))):
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


def run(*command: str | Path, **variables: str) -> None:
    subprocess.run([*map(str, command)], check=True, cwd=ROOT, env=os.environ | variables)


def prepare(python: str, home: Path) -> Path:
    """The interpreter of an environment that holds what is tested and what the tests need."""
    run(python, "-m", "venv", "--clear", home)
    inside = home / "bin" / "python"
    install = (inside, "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    run(*install, "--upgrade", "pip>=25.1")
    run(*install, "--group", "test")
    source = next((ROOT / "dist").glob("fasteinsum-*.tar.gz"))
    run(*install, source, FASTEINSUM_BUILD_DIR=str(home / "objects"))
    return inside


def main() -> int:
    wanted = sys.argv[1:] or VERSIONS
    found = {version: interpreter(version) for version in wanted}
    failed = 0
    for version, python in found.items():
        if not python:
            print(f"Python {version}: not found")
            continue
        start = time.monotonic()
        try:
            inside = prepare(python, MATRIX / version)
            run(inside, "-c", FACTS)
            ignored = [f"--ignore=tests/python/test_{name}.py" for name in ("layout", "build")]
            pytest = (inside, "-m", "pytest", "-q", "tests/python", *ignored)
            run(*pytest, FASTEINSUM_TEST_CASES=CASES)
        except subprocess.CalledProcessError as error:
            print(f"Python {version}: {error}")
            failed += 1
        print(f"Python {version}: {time.monotonic() - start:.0f} s", flush=True)
    return 1 if failed or not any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
