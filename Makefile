# The index of tasks. `make demo` and `make test` need python3 (with venv), make and a C compiler.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
C_FILES := $(shell find csrc tests/c benchmarks -name '*.[ch]')
WHEEL_FILES := $(shell find csrc python -name '*.[ch]' -o -name '*.py' -o -name '*.pyi') \
	setup.py pyproject.toml MANIFEST.in LICENSE README.md

WARNINGS := -Werror -Wall -Wextra -Wshadow -Wconversion -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wundef
# Checks that are called, not inlined, take half as long to compile.
SANITIZERS := -fsanitize=address,undefined,float-cast-overflow,bounds-strict \
	-fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1 \
	--param asan-instrumentation-with-call-threshold=0
# detect_stack_use_after_return stays off: with it gcc 12 misaligns 64-byte vectors (bug 110027).
SANITIZER_OPTIONS = UBSAN_OPTIONS=print_stacktrace=1 \
	ASAN_OPTIONS=strict_init_order=1:allocator_may_return_null=1:detect_stack_use_after_return=0
SANITIZED_CASES ?= 1500

.PHONY: help demo test test-c test-python test-others test-matrix fuzz sanitize sanitize-c \
	sanitize-python sanitize-threads bench bench-cases bench-choice bench-conv bench-instructions \
	bench-threads lint format wheel clean
.DELETE_ON_ERROR:

help:
	@echo "make demo         train a convolutional network on handwritten digits"
	@echo "make test         all tests, the Python ones against the installed wheel"
	@echo "make test-c       the tests of the core, without Python"
	@echo "make test-python  the tests of the installed wheel; ARGS=... goes to pytest"
	@echo "make test-others  the einsum tests of numpy, opt_einsum, dask and xarray, computed by us"
	@echo "make test-matrix  numpy's tests and ours on other versions of Python that are found"
	@echo "make fuzz         random requests against numpy; ARGS=... goes to tests/python/fuzz.py"
	@echo "make sanitize     all tests under the address, thread and undefined-behaviour sanitizers"
	@echo "make bench        time against numpy; ARGS=... goes to benchmarks/bench.py"
	@echo "make bench-cases  all of make bench; writes docs/benchmarks/cases.md"
	@echo "make bench-choice time every strategy where there is a choice; ARGS=... goes to choice.py"
	@echo "make bench-instructions  count instructions, which must not grow; ARGS=--update keeps them"
	@echo "make bench-threads  time one thread against all; ARGS=... goes to benchmarks/threads.py"
	@echo "make bench-conv   convolution layers against their peers; writes docs/benchmarks/conv.md"
	@echo "make lint         formatting, style and compiler warnings, all as errors"
	@echo "make format       rewrite the sources as lint wants them"
	@echo "make wheel        the source distribution, and from it the wheel, in dist/"
	@echo "make clean        remove all that was made"

demo: .venv/installed .venv/group-demo
	$(BIN)/python examples/digits.py $(ARGS)

test: test-c test-python

test-c:
	$(PYTHON) csrc/build.py --out build/c --tests --run

test-python: .venv/installed .venv/group-test
	$(PYTEST) --numprocesses auto tests/python $(ARGS)

test-others: .venv/installed .venv/group-others
	$(BIN)/python tests/others.py $(ARGS)

test-matrix: dist/made
	$(BIN)/python tests/matrix.py $(ARGS)

fuzz: .venv/installed .venv/group-test
	$(BIN)/python tests/python/fuzz.py $(ARGS)

bench: .venv/installed .venv/group-bench
	$(BIN)/python benchmarks/bench.py $(ARGS)

bench-cases: .venv/installed .venv/group-bench .venv/group-demo
	$(BIN)/python benchmarks/bench.py --json build/bench_cases.json
	$(BIN)/python benchmarks/report.py build/bench_cases.json

bench-choice: .venv/installed .venv/group-bench
	$(BIN)/python benchmarks/choice.py $(ARGS)

bench-instructions: .venv/installed .venv/group-bench
	$(BIN)/python benchmarks/instructions.py $(ARGS)

bench-threads: .venv/installed .venv/group-bench
	$(BIN)/python benchmarks/threads.py $(ARGS)

bench-conv: .venv/installed .venv/group-bench .venv/group-demo
	$(BIN)/python benchmarks/bench_conv.py $(ARGS)
	$(BIN)/python benchmarks/report.py build/bench_conv.json

wheel: dist/made

# Stamps. Each is as new as what it stands for, so that a second call reuses what is there.

.venv/made:
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade "pip>=25.1"
	@touch $@

.venv/group-%: pyproject.toml .venv/made
	$(PIP) install --group $*
	@touch $@

# The objects are kept beside those of the C tests, which are the same ones, so that an edit compiles
# only what depends on it.
dist/made: $(WHEEL_FILES) .venv/group-build
	rm -rf dist && mkdir -p build
	FASTEINSUM_BUILD_DIR=$(CURDIR)/build/c \
		$(BIN)/python -m build --no-isolation --outdir dist . > build/wheel.log 2>&1 \
		|| { cat build/wheel.log; exit 1; }
	@ls dist && touch $@

.venv/installed: dist/made
	$(PIP) --quiet uninstall --yes fasteinsum
	$(PIP) install dist/fasteinsum-*.whl
	@touch $@

# Under the sanitizers: the programs of the C tests, then a second extension in build/sanitize. The
# address sanitizer of gcc 12 forks while others hold the locks of its allocator, and the child hangs:
# forks are left to the thread sanitizer and to the release build.

sanitize: sanitize-c sanitize-threads sanitize-python

sanitize-c: build/sanitize/made
	$(SANITIZER_OPTIONS):detect_leaks=1 $(PYTHON) csrc/build.py --out build/c-sanitize \
		--cflags="$(SANITIZERS)" --tests --run --without forks

# The pool, plans on it, and memory that threads share. gcc's sanitizer lets a forked child start
# threads only if it is told to.
sanitize-threads:
	for part in pool recycle; do \
		TSAN_OPTIONS=die_after_fork=0:halt_on_error=1 $(PYTHON) csrc/build.py --out build/c-threads \
			--cflags="-fsanitize=thread -fno-omit-frame-pointer -g1 -O1" --tests --run --only $$part \
			|| exit 1; \
	done

build/sanitize/made: dist/made
	rm -rf build/sanitize
	FASTEINSUM_CFLAGS="$(SANITIZERS)" FASTEINSUM_BUILD_DIR=$(CURDIR)/build/c-sanitize \
		$(PIP) install --no-deps --no-build-isolation --target build/sanitize dist/fasteinsum-*.tar.gz
	@touch $@

# test_layout and test_build look at the tree and the release build, not at the running extension.
# Sanitizers take time and memory of their own: tests of these are for the release build.
sanitize-python: build/sanitize/made .venv/group-test
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	PYTHONMALLOC=malloc PYTHONPATH=build/sanitize FASTEINSUM_TEST_CASES=$(SANITIZED_CASES) \
	$(SANITIZER_OPTIONS):detect_leaks=0 $(PYTEST) -s -q -p no:faulthandler tests/python \
		--ignore tests/python/test_layout.py --ignore tests/python/test_build.py \
		--deselect tests/python/test_conv.py::test_resident_memory_of_a_forward_call \
		--deselect tests/python/test_recycle.py::test_no_memory \
		--deselect tests/python/test_threads.py::test_interrupt -k "not fork" $(ARGS)

lint: .venv/group-lint .venv/group-build
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python csrc/build.py --out build/lint --cflags="$(WARNINGS) -O1" --binding --tests

format: .venv/group-lint
	$(BIN)/clang-format -i $(C_FILES)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf build dist .venv python/*.egg-info .pytest_cache .ruff_cache
