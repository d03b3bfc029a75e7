"""einsum_path: the same path and the same text as numpy.einsum_path, which is asked live."""

import inspect
import math
import random
import signal
import string

import numpy as np
import pytest
from fasteinsum import _fasteinsum, einsum_path

# Older ones spell lists with other letters, and refuse less.
NUMPY_IS_NEW = np.lib.NumpyVersion(np.__version__) >= "2.3.0"

LETTERS = string.ascii_uppercase + string.ascii_lowercase

v = np.ones(3)
a = np.ones((2, 3))
b = np.ones((3, 3))
c = np.ones((2, 3, 4))


def operand(*shape):
    """Any shape for the price of one element."""
    return np.broadcast_to(0.0, shape)


def operands_of(text, sizes):
    return [operand(*(sizes[label] for label in term)) for term in text.split("->")[0].split(",")]


def spelled(text, operands):
    """The expression with letters for ellipses: the last of those that are not in use."""
    used = set(text)
    unused = [letter for letter in LETTERS if letter not in used]
    inputs, arrow, output = text.partition("->")
    terms, longest = inputs.split(","), 0
    for i, (term, array) in enumerate(zip(terms, operands)):
        surplus = array.ndim - len(term.replace("...", ""))
        if "..." in term:
            longest = max(longest, surplus)
            terms[i] = term.replace("...", "".join(unused[len(unused) - surplus :]))
    dots = "".join(unused[len(unused) - longest :])
    if not arrow:
        once = sorted(label for label in set(inputs) & set(LETTERS) if inputs.count(label) == 1)
        output = "..." + "".join(once)
    return f"{','.join(terms)}->{output.replace('...', dots)}"


def assert_as_numpy(text, operands, **keywords):
    expected = np.einsum_path(text, *operands, **keywords)
    result = einsum_path(text, *operands, **keywords)
    assert result == expected
    assert type(result) is tuple


# ---- the plans of numpy ----

SIZES = dict(zip("abcdefghij", [2, 3, 4, 5, 4, 3, 2, 6, 5, 4]))
PLANS = [
    (
        "acdf,jbje,gihb,hfac,gfac,gifabc,hfac",
        [(3, 6), (3, 4), (2, 4), (2, 3), (0, 2), (0, 1)],
        [(3, 6), (3, 4), (2, 4), (2, 3), (0, 2), (0, 1)],
    ),
    (
        "chd,bde,agbc,hiad,bdi,cgh,agdb",
        [(3, 4), (0, 3), (3, 4), (1, 3), (1, 2), (0, 1)],
        [(0, 5), (1, 4), (3, 4), (1, 3), (1, 2), (0, 1)],
    ),
    ("eb,cb,fb->cef", [(0, 2), (0, 1)], [(0, 2), (0, 1)]),
    ("dd,fb,be,cdb->cef", [(0, 3), (0, 1), (0, 1)], [(0, 3), (0, 1), (0, 1)]),
    ("bca,cdb,dbf,afc->", [(1, 2), (0, 2), (0, 1)], [(1, 2), (0, 2), (0, 1)]),
    ("dcc,fce,ea,dbf->ab", [(1, 2), (0, 1), (0, 1)], [(1, 2), (0, 2), (0, 1)]),
]


@pytest.mark.parametrize(("text", "greedy", "optimal"), PLANS)
def test_reference_plans(text, greedy, optimal):
    operands = operands_of(text, SIZES)
    assert einsum_path(text, *operands)[0] == ["einsum_path", *greedy]
    assert einsum_path(text, *operands, optimize="optimal")[0] == ["einsum_path", *optimal]
    for method in ("greedy", "optimal"):
        assert_as_numpy(text, operands, optimize=method)


def test_the_rest_in_one_step():
    text = "a,ac,ab,ad,cd,bd,bc->"
    operands = operands_of(text, dict.fromkeys("abcd", 20))
    for method in ("greedy", "optimal"):
        path, _ = einsum_path(text, *operands, optimize=method)
        assert path == ["einsum_path", (0, 1), (0, 1, 2, 3, 4, 5)]


def test_no_intermediates():
    text = "acdf,jbje,gihb,hfac"
    operands = operands_of(text, SIZES)
    for limit in (0, -1, -(10**400), False):
        for method in ("greedy", "optimal"):
            path, _ = einsum_path(text, *operands, optimize=(method, limit))
            assert path == ["einsum_path", (0, 1, 2, 3)]


def test_text():
    operands = operands_of("ij,jk,kl->il", {"i": 2, "j": 3, "k": 4, "l": 2})
    assert einsum_path("ij,jk,kl->il", *operands) == (
        ["einsum_path", (1, 2), (0, 1)],
        "  Complete contraction:  ij,jk,kl->il\n"
        "         Naive scaling:  4\n"
        "     Optimized scaling:  3\n"
        "      Naive FLOP count:  1.440e+02\n"
        "  Optimized FLOP count:  7.300e+01\n"
        "   Theoretical speedup:  1.973\n"
        "  Largest intermediate:  6.000e+00 elements\n"
        "--------------------------------------------------------------------------\n"
        "scaling                  current                                remaining\n"
        "--------------------------------------------------------------------------\n"
        "   3                   kl,jk->lj                                ij,lj->il\n"
        "   3                   lj,ij->il                                   il->il",
    )


# ---- random expressions ----


def random_sizes(rng, labels):
    return {label: rng.choice([1, 2, 2, 3, 4, 5, 7, 20]) for label in labels}


def random_expression(rng):
    """A text without ellipses, and operands; some axes of extent 1 stretch."""
    labels = rng.sample(LETTERS, rng.randint(1, 9))
    sizes = random_sizes(rng, labels)
    terms = ["".join(rng.choices(labels, k=rng.randint(0, 4))) for _ in range(rng.randint(1, 9))]
    operands = [
        operand(*(1 if rng.random() < 0.05 else sizes[label] for label in term)) for term in terms
    ]
    text = ",".join(terms)
    if rng.random() < 0.8:
        used = sorted(set(text) - {","})
        text += "->" + "".join(rng.sample(used, rng.randint(0, len(used))))
    return text, operands


def random_limit(rng):
    return rng.choice([0, 1, 2, 7, 20, 100, 10**4, 99.5, 1e9, 1e30, 10**40, True])


def random_path(rng, count):
    """Valid steps of one to four operands, written in some way."""
    path = []
    while count > 1 or rng.random() < 0.2 or not path:
        taken = rng.sample(range(count), rng.randint(1, min(4, count)))
        path.append(rng.choice([tuple, list, set])(taken))
        count += 1 - len(taken)
    return ["einsum_path", *path]


def random_optimize(rng, operand_count):
    methods = ["greedy", "greedy", "optimal"] if operand_count <= 5 else ["greedy"]
    method = rng.choice(methods)
    return rng.choice(
        [
            *(True, False, None, method, method, (method, random_limit(rng))),
            [method, random_limit(rng)],
            random_path(rng, operand_count),
        ]
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions(seed):
    rng = random.Random(seed)
    for _ in range(250):
        text, operands = random_expression(rng)
        optimize = random_optimize(rng, len(operands))
        try:
            expected = np.einsum_path(text, *operands, optimize=optimize)
        except ValueError:
            with pytest.raises(ValueError, match="extent"):
                einsum_path(text, *operands, optimize=optimize)
        else:
            result = einsum_path(text, *operands, optimize=optimize)
            assert result == expected, (text, [x.shape for x in operands], optimize)


@pytest.mark.parametrize("seed", range(10))
def test_random_ellipses(seed):
    """numpy chooses the letters at random, so it is asked with ours."""
    rng = random.Random(seed)
    for _ in range(100):
        labels = rng.sample(LETTERS, 4)
        sizes = random_sizes(rng, labels)
        dots = [rng.choice([1, 2, 3]) for _ in range(rng.randint(0, 3))]
        terms, operands = [], []
        for _ in range(rng.randint(1, 5)):
            before = rng.choices(labels, k=rng.randint(0, 2))
            after = rng.choices(labels, k=rng.randint(0, 2))
            count = rng.randint(0, len(dots))
            terms.append("".join([*before, "...", *after]))
            shape = [
                [sizes[x] for x in before],
                dots[len(dots) - count :],
                [sizes[x] for x in after],
            ]
            operands.append(operand(*(extent for part in shape for extent in part)))
        text = ",".join(terms)
        used = sorted(set(text) & set(labels))
        output = rng.sample(used, rng.randint(0, len(used)))
        text += rng.choice(["", "->..." + "".join(output), "->" + "".join(output)])
        path, printed = einsum_path(text, *operands)
        expected = np.einsum_path(spelled(text, operands), *operands)
        assert (path, printed) == expected, (text, [x.shape for x in operands])
        assert path == np.einsum_path(text, *operands)[0]


def test_letters_of_ellipses():
    _, printed = einsum_path("...ij,...jk", operand(7, 5, 2, 3), operand(5, 3, 4))
    assert "contraction:  yzij,zjk->yzik\n" in printed
    _, printed = einsum_path("...z,zy->...y", operand(7, 5, 3), operand(3, 4))
    assert "contraction:  wxz,zy->wxy\n" in printed


def test_many_operands():
    rng = random.Random(5)
    for count in (20, 60, 100):
        pairs = [rng.sample(LETTERS, 2) for _ in range(count)]
        text = ",".join("".join(pair) for pair in pairs) + "->"
        assert_as_numpy(text, operands_of(text, random_sizes(rng, LETTERS)))


@pytest.mark.parametrize("bond", [2, 37, 1000, 12345, 2**17 + 1])
def test_large_numbers_are_exact(bond):
    """Counts of operations beyond 64 and 128 bits decide, and are printed digit for digit."""
    ring = [LETTERS[i] + LETTERS[(i + 1) % 52] for i in range(52)]
    for count in (8, 20, 52):
        text = ",".join(ring[:count]) + "->"
        sizes = {letter: bond + i for i, letter in enumerate(LETTERS)}
        assert_as_numpy(text, operands_of(text, sizes))
        assert_as_numpy(text, operands_of(text, sizes), optimize=("greedy", bond**3))
        assert_as_numpy(text, operands_of(text, sizes), optimize=False)


def test_numbers_beyond_floats():
    text = ",".join(LETTERS) + "->"
    operands = operands_of(text, dict.fromkeys(LETTERS, 2**20))
    for function in (np.einsum_path, einsum_path):
        with pytest.raises(OverflowError):
            function(text, *operands)


def test_extent_zero():
    assert_as_numpy("ab,bc,cd->ad", [operand(2, 0), operand(0, 3), operand(3, 4)])
    assert_as_numpy("ab,bc,cd->", [operand(2, 1), operand(0, 3), operand(3, 0)], optimize="optimal")


def test_diagonals_may_stretch():
    """numpy.einsum refuses this one, its einsum_path does not look."""
    assert_as_numpy("ii", [operand(1, 3)])
    assert_as_numpy("ii,i,ij->j", [operand(3, 1), operand(3), operand(3, 2)])


# ---- the arguments ----


def test_signature_and_names():
    assert str(inspect.signature(einsum_path)) == str(inspect.signature(np.einsum_path))
    assert einsum_path.__name__ == "einsum_path"
    assert einsum_path.__module__ == "fasteinsum"
    assert ">>>" in einsum_path.__doc__


LIST_CALLS = [
    ("AB,BC", (a, [0, 1], b, [1, 2])),
    ("AB,BC->CA", (a, [0, 1], b, [1, 2], [2, 0])),
    ("zZ,Za->", (a, (51, 25), b, range(25, 27), ())),
    ("AB,Bz", (a, [False, True], b, [True, -1])),
    ("AB,BC", (a, [0, 1], b, [1, 2], None)),
    ("FDE,DJ,JH", (c, [np.int8(5), np.array(3), 4], b, {3: "", 9: ""}, b, np.array([9, 7]))),
    ("AB,,B", (a.tolist(), [0, 1], 2, [], v, [1])),
]


@pytest.mark.parametrize(("text", "call"), LIST_CALLS, ids=lambda value: str(value)[:20])
def test_list_form(text, call):
    operands = call[: 2 * (text.count(",") + 1) : 2]
    for optimize in ("greedy", False, True):
        result = einsum_path(*call, optimize=optimize)
        assert result == np.einsum_path(text, *operands, optimize=optimize)
        if NUMPY_IS_NEW:
            assert result == np.einsum_path(*call, optimize=optimize)


def test_string_form():
    expected = np.einsum_path("ij,jk->ik", a, b)
    for text in ("ij,jk->ik", b"ij,jk->ik", np.str_(" i j ,jk - > ik ")):
        assert einsum_path(text, a, b) == expected
    assert einsum_path("ij,jk", a.tolist(), b) == np.einsum_path("ij,jk", a, b)


def test_explicit_steps_are_returned():
    steps = ["einsum_path", [1, 0], {0, 1}]
    path, _ = einsum_path("ij,jk,kl", b, b, b, optimize=steps)
    assert path == steps
    assert path is not steps
    assert path[1] is steps[1]
    assert_as_numpy("ij,jk,kl", [b, b, b], optimize=["einsum_path", (0, 1, 2), (0,)])
    assert_as_numpy("ij,jk", [b, b], optimize=["einsum_path", (), (0, 2), (0, 1)])


def test_the_path_is_accepted_back():
    path, text = einsum_path("ij,jk,kl", b, b, b)
    assert einsum_path("ij,jk,kl", b, b, b, optimize=path) == (path, text)


def test_names_are_looked_up_where_there_is_a_choice():
    assert_as_numpy("ij,jk", [b, b], optimize="nonsense")
    assert_as_numpy("i,j,k->ijk", [v, v, v], optimize=("nonsense", 3))


class Optimizer:
    """As those of opt_einsum."""

    def __init__(self, path):
        self.path = path

    def __call__(self, inputs, output, sizes, memory_limit=None):
        self.arguments = inputs, output, sizes, memory_limit
        return self.path


def test_optimizers_are_called():
    optimizer = Optimizer(((0, 2), [0, 1]))
    path, text = einsum_path("...ij,jk,kl->...il", c, operand(4, 1), b, optimize=optimizer)
    assert path == ["einsum_path", (0, 2), [0, 1]]
    assert text == np.einsum_path("zij,jk,kl->zil", c, operand(4, 1), b, optimize=path)[1]
    assert optimizer.arguments == (
        [frozenset("zij"), frozenset("jk"), frozenset("kl")],
        frozenset("zil"),
        {"z": 2, "i": 3, "j": 4, "k": 3, "l": 3},
        None,
    )


def test_optimizers_are_not_called_without_a_choice():
    def never(*arguments):
        raise AssertionError

    assert einsum_path("ij,jk", b, b, optimize=never)[0] == ["einsum_path", (0, 1)]
    assert einsum_path("i,j,k->ijk", v, v, v, optimize=never)[0] == ["einsum_path", (0, 1, 2)]


class Foreign:
    def __array_function__(self, function, types, arguments, keywords):
        return function, arguments, keywords


def test_foreign_arrays_answer_for_themselves():
    foreign = Foreign()
    for arguments in (("ij,jk", a, foreign), (a, foreign)):
        keywords = {"optimize": "optimal", "einsum_call": True}
        assert einsum_path(*arguments, **keywords) == (np.einsum_path, arguments, keywords)


# ---- errors ----

REFUSED = [
    (ValueError, ()),
    (ValueError, ("i",)),
    (ValueError, ("",)),
    (TypeError, (0,)),
    (TypeError, (a,)),
    (TypeError, (["i"],)),
    (ValueError, ([0],)),
    (ValueError, ([],)),
    (IndexError, ([52],)),
    (ValueError, (None,)),
    (TypeError, (0, 0)),
    (TypeError, (None, None)),
    (ValueError, ("", 0, 0)),
    (ValueError, ("i->i", v, v)),
    (ValueError, (",", 0)),
    (ValueError, ("i", 0)),
    (ValueError, ("ij", v)),
    (ValueError, ("...i", 0)),
    (ValueError, ("i...j", v)),
    (ValueError, ("i", a)),
    (ValueError, ("i..", v)),
    (ValueError, ("....", v)),
    (ValueError, ("j->..j", v)),
    (ValueError, ("...j->...j...", a)),
    (ValueError, ("i%...", v)),
    (ValueError, ("i1", a)),
    (ValueError, ("i->&", v)),
    (ValueError, ("i\tj", a)),
    (ValueError, ("\u00e9j", a)),
    (ValueError, ("ij\0->ji", a)),
    (ValueError, ("i-->i", v)),
    (ValueError, ("i>j", v)),
    (ValueError, ("i->i->i", v)),
    (ValueError, ("i->i,", v)),
    (ValueError, ("i->ij", v)),
    (ValueError, ("->i", 0)),
    (ValueError, ("ij->jij", a)),
    (ValueError, ("ii", a)),
    (ValueError, ("i,i", v, np.ones(4))),
    (ValueError, ("...,...", c, v)),
    (ValueError, ("i", [[1], [2, 3]])),
    (IndexError, (v, [52])),
    (IndexError, (v, [-53])),
    (IndexError, (v, [2**70])),
    (TypeError, (v, [1.5])),
    (TypeError, (v, ["i"])),
    (TypeError, (v, [0], 5)),
    (ValueError, (v, [..., ...])),
    (ValueError, (f"{LETTERS[:26]}...,{LETTERS[26:]}...", operand(*[1] * 27), operand(*[1] * 27))),
]


@pytest.mark.parametrize(("kind", "arguments"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused_as_by_numpy(kind, arguments):
    for optimize in (True, False, "optimal"):
        for function in (np.einsum_path, einsum_path) if NUMPY_IS_NEW else (einsum_path,):
            with pytest.raises(kind):
                function(*arguments, optimize=optimize)


def test_numpy_bools_are_no_labels():
    for function in (np.einsum_path, einsum_path) if NUMPY_IS_NEW else (einsum_path,):
        with pytest.raises(TypeError):
            function(v, [np.True_])


@pytest.mark.parametrize(
    "arguments", [("->", v), ("", v), ("...i,...i", v)], ids=lambda arguments: arguments[0]
)
def test_messages_that_numpy_cannot_make(arguments):
    with pytest.raises(IndexError):
        np.einsum_path(*arguments)
    with pytest.raises(ValueError, match="operand"):
        einsum_path(*arguments)


OPTIMIZE_REFUSED = [
    *((value, TypeError) for value in (0, 1, 0.5, np.True_, b"greedy", [], (), [(0, 1), (0, 1)])),
    *((value, TypeError) for value in (("greedy",), ("greedy", None), ("greedy", "100"), {1, 2})),
    *((value, TypeError) for value in ((True, 100), ("greedy", 1, 2), np.arange(2), list, {0: 1})),
    *((("greedy", kind(5)), TypeError) for kind in (np.int64, np.float32, complex)),
    ("", KeyError),
    ("nonsense", KeyError),
    (("nonsense", 5), KeyError),
    ({"greedy": 1}, KeyError),
    (("greedy", math.inf), OverflowError),
    (("greedy", math.nan), ValueError),
    (["einsum_path"], RuntimeError),
    (["einsum_path", (0, 1)], RuntimeError),
    (["einsum_path", (), (0, 1, 2)], RuntimeError),
    (["einsum_path", (0, 3)], IndexError),
    (["einsum_path", (0, 1), (0, 2)], IndexError),
    (["einsum_path", (0, 1.0), (0, 1)], TypeError),
    (["einsum_path", "ab"], TypeError),
    (["einsum_path", 0], TypeError),
    (("einsum_path", (0, 1, 2)), TypeError),
]


@pytest.mark.parametrize(("optimize", "kind"), OPTIMIZE_REFUSED, ids=lambda value: str(value))
def test_optimize_refused_as_by_numpy(optimize, kind):
    for function in (np.einsum_path, einsum_path):
        with pytest.raises(kind):
            function("ij,jk,kl->il", b, b, b, optimize=optimize)


def test_optimize_accepted_as_by_numpy():
    for optimize in ({0: "greedy", 1: 5}, ["greedy", np.float64(7)], (np.str_("optimal"), True)):
        assert_as_numpy("ij,jk,kl->il", [b, b, b], optimize=optimize)


@pytest.mark.parametrize("path", [[(0, -1), (0, 1)], [(0, 0), (0, 1)], [(-1,), (0, 1, 2)]])
def test_positions_that_numpy_does_not_check(path):
    with pytest.raises(IndexError, match="position"):
        einsum_path("ij,jk,kl->il", b, b, b, optimize=["einsum_path", *path])


def test_a_path_without_steps():
    for function in (np.einsum_path, einsum_path):
        with pytest.raises(ValueError, match=r"empty|no steps"):
            function("i->", v, optimize=["einsum_path"])


def test_errors_of_optimizers():
    with pytest.raises(IndexError, match="position 7"):
        einsum_path("ij,jk,kl", b, b, b, optimize=Optimizer([(0, 7)]))
    with pytest.raises(TypeError):
        einsum_path("ij,jk,kl", b, b, b, optimize=Optimizer(None))
    with pytest.raises(ZeroDivisionError):
        einsum_path("ij,jk,kl", b, b, b, optimize=lambda *arguments: 1 / 0)


def test_keywords():
    for keyword in ("out", "dtype", "order", "casting", "nonsense"):
        for function in (np.einsum_path, einsum_path):
            with pytest.raises(TypeError, match=keyword):
                function("ij", a, **{keyword: None})


def test_einsum_call_is_refused():
    with pytest.raises(ValueError, match="einsum_call"):
        einsum_path("ij,jk", b, b, einsum_call=True)
    assert einsum_path("ij,jk", b, b, einsum_call=False) == np.einsum_path("ij,jk", b, b)


def test_the_optimal_search_can_be_interrupted():
    """25 factorial is for ever."""

    class Interrupted(Exception):
        pass

    def interrupt(number, frame):
        raise Interrupted

    text = ",".join(LETTERS[i] + LETTERS[i + 1] + LETTERS[i + 7] for i in range(25)) + "->"
    operands = operands_of(text, dict.fromkeys(LETTERS, 3))
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(Interrupted):
            einsum_path(text, *operands, optimize=("optimal", 1e30))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_out_of_memory_at_any_point():
    text = "acdf,jbje,gihb,hfac,gfac"
    operands = operands_of(text, SIZES)
    blocks = _fasteinsum._allocated_blocks()
    for method in ("greedy", "optimal", False):
        failures = 0
        while True:
            _fasteinsum._fail_allocation(failures, False)
            try:
                result = einsum_path(text, *operands, optimize=method)
                break
            except MemoryError:
                failures += 1
            finally:
                _fasteinsum._fail_allocation(-1, False)
                assert _fasteinsum._allocated_blocks() == blocks
        assert failures > 0
        assert result == np.einsum_path(text, *operands, optimize=method)
