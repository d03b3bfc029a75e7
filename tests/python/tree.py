"""The source tree as the tests read it: its files, what they include, which functions they hold."""

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
NOT_SOURCES = {".git", ".venv", "build", "dist", "__pycache__"}

COMMENT_OR_LITERAL = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(<[^>]+>|"[^"]+")', re.M)
# A name and its parameters, then perhaps attributes, just before the brace of a body.
# The name may be made by a macro, as in `void NAME(pack)(const PackJob *job) {`.
SIGNATURE = re.compile(
    r"\b([A-Za-z_]\w*(?:\([\w, ]*\)(?=\s*\())?)\s*"
    r"\(((?:[^()]|\([^()]*\))*)\)(?:\s*__attribute__.*)?\s*$",
    re.S,
)


def load_build(root=ROOT):
    """csrc/build.py of a tree, as a module of its own."""
    name = "fasteinsum_build"
    spec = importlib.util.spec_from_file_location(name, root / "csrc" / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def files_of(directory, *patterns):
    found = {path for pattern in patterns for path in directory.rglob(pattern) if path.is_file()}
    return sorted(path for path in found if not NOT_SOURCES & set(path.relative_to(ROOT).parts))


def c_files():
    return files_of(CSRC, "*.c", "*.h")


def strategy_names():
    text = (CSRC / "strategies" / "strategy.c").read_text()
    return re.findall(r"&strategy_(\w+)", text)


def name_of(path):
    """How an #include in csrc/ spells a file."""
    return path.relative_to(CSRC).as_posix()


def includes_of(path):
    """With their quotes or angle brackets."""
    return INCLUDE.findall(path.read_text())


def without_comments(text):
    """The same lines; comments become blanks, literals empty ones."""

    def blank(match):
        found = match.group()
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] * 2

    return COMMENT_OR_LITERAL.sub(blank, text)


def code_of(path):
    return without_comments(path.read_text())


def literals_of(path):
    """The contents of the string literals of a C file."""
    found = COMMENT_OR_LITERAL.findall(path.read_text())
    return [text[1:-1] for text in found if text.startswith('"')]


@dataclass(frozen=True)
class Function:
    """A function definition in a C file."""

    path: Path
    name: str
    parameter_count: int  # without the Error to fill
    line_count: int
    nesting: int  # of if, for, while, do and switch blocks

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}: {self.name}"


def functions_of(path):
    """The functions defined in a C file, those made by a macro included."""
    code = re.sub(r"^[ \t]*#.*?(?<!\\)\n", flatten_directive, code_of(path), flags=re.M | re.S)
    functions = []
    head = position = 0
    while (brace := code.find("{", position)) >= 0:
        head = max(head, code.rfind(";", 0, brace) + 1, code.rfind("}", 0, brace) + 1)
        end = end_of_block(code, brace)
        signature = SIGNATURE.search(code[head:brace])
        if signature and "=" not in code[head:brace]:
            text = code[head:end].strip()
            functions.append(make_function(path, signature, text))
        position = end
    return functions


def flatten_directive(match):
    """A multi-line macro becomes plain code, so that a function that it makes is seen."""
    text = match.group()
    if "\\\n" not in text:
        return "\n"
    body = re.sub(r"[ \t]*#[ \t]*\w+[ \t]+\w+(\([^)]*\))?", "", text, count=1)
    return re.sub(r"\\$", " ", body, flags=re.M)


def end_of_block(code, brace):
    depth = 0
    for match in re.compile("[{}]").finditer(code, brace):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(code)


def make_function(path, signature, text):
    parameters = re.sub(r"\([^()]*\)", "", signature.group(2)).strip()
    parameters = re.sub(r",?\s*Error \*error$", "", parameters)
    count = 0 if parameters in ("", "void") else parameters.count(",") + 1
    body = text[text.index("{") :]
    return Function(path, signature.group(1), count, text.count("\n") + 1, nesting_of(body))


def nesting_of(body):
    """How deep control blocks lie in each other; braces of initialisers do not count."""
    deepest = depth = 0
    stack = []  # for each open brace: whether it belongs to control flow
    for match in re.finditer(r"[{}]", body):
        if match.group() == "}":
            depth -= stack.pop()
            continue
        before = body[: match.start()].rstrip()
        stack.append(bool(stack) and opens_control_block(before))
        depth += stack[-1]
        deepest = max(deepest, depth)
    return deepest


def opens_control_block(before):
    if re.search(r"\b(else|do)$", before):
        return True
    if not before.endswith(")"):
        return False
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[index], 0)
        if depth == 0:
            return bool(re.search(r"\b(if|for|while|switch)\s*$", before[:index]))
    return False
