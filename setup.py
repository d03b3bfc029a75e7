"""The extension module; everything else is in pyproject.toml, and csrc/build.py compiles the C.

CC, FASTEINSUM_CFLAGS and FASTEINSUM_LDFLAGS of the environment reach the compiler;
FASTEINSUM_BUILD_DIR names a directory of objects to keep from one build to the next."""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).resolve().parent / "csrc"))
import build as core


class BuildExtension(build_ext):
    def build_extension(self, ext):
        toolchain = core.default_toolchain()
        out = Path(os.environ.get("FASTEINSUM_BUILD_DIR", self.build_temp)).resolve()
        builder = core.Builder(toolchain, out)
        objects = core.build_core(builder) + core.build_binding(builder)
        ext.extra_objects = [str(path) for path in objects]
        ext.depends = ext.extra_objects
        ext.extra_link_args = [*toolchain.cflags, *toolchain.ldflags, *core.LIBRARIES]
        super().build_extension(ext)


setup(
    ext_modules=[Extension("fasteinsum._fasteinsum", sources=[])],
    cmdclass={"build_ext": BuildExtension},
)
