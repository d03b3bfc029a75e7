"""The documents keep their word: code runs, versions agree, links lead somewhere."""

import re
from pathlib import Path

import fasteinsum
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))

PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOCAL_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def python_blocks(path):
    """The Python code of a document as one program, each line where it stands in the document."""
    text = path.read_text()
    lines = [""] * text.count("\n")
    for block in PYTHON_BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        code = block[1].splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_code_runs(path):
    exec(compile(python_blocks(path), path, "exec"), {"__name__": path.stem})


def test_readme_has_code_for_the_drop_in_and_the_layer():
    code = python_blocks(ROOT / "README.md")
    for expression in (
        "nchwkl,fckl->nfhw",
        "nchwkl,nfhw->fckl",
        "nfhw,fckl->nchwkl",
    ):
        assert expression in code


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    for link in LOCAL_LINK.findall(path.read_text()):
        assert (path.parent / link).exists(), link


def test_newest_change_is_of_this_version():
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == fasteinsum.__version__


def test_readme_names_every_function_of_the_package():
    text = (ROOT / "README.md").read_text()
    for name in fasteinsum.__all__:
        assert name == "__version__" or f"`{name}`" in text
