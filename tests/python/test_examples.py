"""The examples run as a user runs them: as programs, with the installed package."""

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def run_example(name, *arguments, directory):
    """The standard output of the example, run in `directory`."""
    search_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)  # may be relative to ours
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in search_path if entry),
        "MPLCONFIGDIR": str(directory),
    }
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_digits_learns_in_four_epochs_and_draws_a_picture(tmp_path):
    printed = run_example("digits.py", "--quick", directory=tmp_path)
    accuracy = float(re.search(r"([\d.]+)% of 360 held-out images right", printed)[1])
    assert accuracy >= 90
    losses = dict(re.findall(r"^(\S+einsum\S*) .* ([\d.]+)$", printed, re.MULTILINE))
    assert set(losses) == {"fasteinsum.einsum", "numpy.einsum", "numpy.einsum(optimize=True)"}
    learned = [float(loss) for loss in losses.values()]
    assert max(learned) - min(learned) < 0.01
    assert (tmp_path / "digits.png").read_bytes().startswith(PNG_SIGNATURE)
    assert str(tmp_path / "digits.png") in printed


def test_digits_recognises_97_percent_in_twenty_epochs(tmp_path):
    printed = run_example("digits.py", "--quick", "--epochs=20", directory=tmp_path)
    accuracy = float(re.search(r"([\d.]+)% of 360 held-out images right", printed)[1])
    assert accuracy >= 97


def test_digits_saves_the_picture_where_it_is_told(tmp_path):
    picture = tmp_path / "elsewhere.png"
    run_example("digits.py", "--quick", "--epochs=1", f"--output={picture}", directory=tmp_path)
    assert picture.read_bytes().startswith(PNG_SIGNATURE)
    assert not (tmp_path / "digits.png").exists()


def test_expressions_of_well_known_texts_equal_numpy(tmp_path):
    printed = run_example("expressions.py", directory=tmp_path)
    assert printed.endswith("all results equal numpy.einsum's\n")
    for subscripts in ("xyij,ij->xy", "nijkde,node->oijk", "nchwkl,fckl->nfhw", "nmkd,kdab->nmab"):
        assert subscripts in printed


def test_layers_of_the_course_pass_their_gradient_check(tmp_path):
    printed = run_example("cs231n_layers.py", directory=tmp_path)
    errors = [float(error) for error in re.findall(r"relative error (\S+)", printed)]
    assert len(errors) == 5
    assert max(errors) < 1e-6


def test_image_filters(tmp_path):
    printed = run_example("image_filters.py", directory=tmp_path)
    assert "%" in printed  # the edges are drawn
    before, after = map(float, re.search(r"roughness ([\d.]+) -> ([\d.]+)", printed).groups())
    assert after < before / 2
    assert printed.endswith("restored\n")


def test_denoising_removes_most_of_the_noise(tmp_path):
    printed = run_example("denoise.py", directory=tmp_path)
    before, after = map(float, re.search(r"error ([\d.]+) -> ([\d.]+)", printed).groups())
    assert after < before / 3


def test_wavenet_learns_and_is_causal(tmp_path):
    printed = run_example("wavenet.py", "--steps=50", directory=tmp_path)
    assert "sample 500 is seen by predictions 500 to 627" in printed
    first, last = map(float, re.findall(r"square error ([\d.]+)", printed))
    assert last < first / 5
