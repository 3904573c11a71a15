"""HRM108."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.rule import GUARD, LINT, PROJECT, Example, StateRule
from hermetic.source import roles
from hermetic.source.blocks import is_after_yield
from hermetic.source.changes import Change, changes_in, import_time
from hermetic.source.required import requires
from hermetic.source.spelling import key_of
from hermetic.source.state import State
from hermetic.source.teardown import arranging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.leaks import Leak
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope


def seed_of(change: Change) -> str:
    """Return the function that seeds with its one argument, "" where that is only known at run time."""
    call = change.node
    given = call.args if isinstance(call, ast.Call) and not call.keywords else []
    seed = key_of(change.scope, given[0]) if len(given) == 1 else ""
    return f"{change.what}({seed})" if seed else ""


def is_from_system(change: Change) -> bool:
    """Tell whether `seed()` or `seed(None)` takes what the system gives, as the start of the process did."""
    call = change.node
    if not change.what.endswith(".seed") or not isinstance(call, ast.Call):
        return False
    given = [*call.args, *(item.value for item in call.keywords)]
    return not given or (isinstance(given[0], ast.Constant) and given[0].value is None)


def is_seeded_by_plugin(change: Change) -> bool:
    """Tell whether pytest-randomly, which the project requires, gives each test the same state to begin with."""
    project = change.scope.module.project
    return project is not None and PROJECT not in project.presets and requires(project, "pytest-randomly")


def is_certain(change: Change) -> bool:
    """Tell whether a change stands under no condition."""
    return not any(isinstance(parent, (ast.If, ast.Try)) for _, parent in change.scope.ancestors(change.node))


def is_start_of_each(root: Scope) -> bool:
    """Tell whether a fixture starts each test of its folder from the same state, whatever the one before has left."""
    fixture = roles.is_conftest(root.module.path) and roles.role_of(root) == "fixture"
    return fixture and roles.is_autouse(root) and roles.fixture_scope(root) == "function"


def is_seeded_anew(leak: Leak, state: State, project: Project) -> bool:
    """Tell whether an autouse fixture or setup seeds before each test of the file: what stays is its own leak."""
    root = leak.root
    if root is None:
        return False
    around = [item for item in project.autouse(root.module, root) if roles.fixture_scope(item) == "function"]
    setups = [item for item in root.module.top.functions if item.owner is None and roles.role_of(item) == "setup"]
    for cls in project.lineage(root.owner) if root.owner is not None else ():
        setups.extend(item for item in arranging(cls) if roles.role_of(item) == "setup")
    around += [item for item in setups if not item.name.lower().endswith(("class", "module"))]
    return any(
        change.scope is place and is_certain(change) and not is_after_yield(place, change.node)
        for place in around
        if place is not root and place.is_function
        for change in changes_in(place.module.load(place), state)
    )


class RandomSeed(StateRule):
    """A test seeds the global random generator, and nothing gives it its state back.

    Why it breaks:
    Everything in the process draws from the same generator. After a seed, names that were meant to be unique repeat
    from test to test, and a test that happens to pass with this sequence fails with another one: alone, in another
    order, or in another worker.

    Do this instead:
    Give the code a generator of its own: `random.Random(42)`, `numpy.random.default_rng(42)`. Where the global one
    must be seeded, keep `random.getstate()` and set it back in a `finally` or after the fixture's `yield`
    (`numpy.random.get_state` and `set_state` for NumPy).

    Limits:
    An autouse fixture of a `conftest.py` that seeds before each test is left alone: no test sees what another has
    left. Where such a fixture or a setup seeds before each test of a file, the tests that seed again are not
    reported. So is a `seed()` without a value: the process has begun like that, and a project whose lists of packages
    name pytest-randomly, which seeds before each test; the `project` preset reports its seeds. Drawing numbers is no
    finding, and neither is a generator that another library keeps for itself. A test file that is imported with the
    same written-out seed as its conftest changes nothing, unless something draws in between. In code under test only
    what certainly runs for the named test counts: not what stands below a condition that cannot be read from the
    call, nor what a call inside `pytest.raises` makes. The guard sees the rest.
    """

    code = "HRM108"
    name = "random-seed"
    symptoms = (
        "random values repeat, or are the same in each test after one",
        "a name that was meant to be unique exists already",
        "passes only with one random seed",
    )
    repair = "use a generator of your own, random.Random(seed) or numpy.random.default_rng(seed)"
    claims = (LINT, GUARD)
    message = "{kind} is seeded {where} and its state is not put back"
    late_message = "{kind} is seeded {where} and its state is put back only when nothing fails in between"
    tokens = (b"seed(", b"random.seed", b"import seed", b".seed", b"setstate", b"set_state")
    related = ("HRM106",)
    states = (
        State(
            "the global random generator",
            calls=("random.setstate", "random._inst.setstate"),
            neutral=dict.fromkeys(("random.seed", "random._inst.seed"), ("None",)),
            saves=("random.getstate", "random._inst.getstate"),
            words=("random", "seed", "rng"),
        ),
        State(
            "NumPy's global random generator",
            calls=("numpy.random.set_state",),
            neutral=dict.fromkeys(
                ("numpy.random.seed", "numpy.random.mtrand.seed", "numpy.random.mtrand._rand.seed"), ("None",)
            ),
            saves=("numpy.random.get_state", "numpy.random.mtrand.get_state"),
            words=("random", "seed", "rng"),
        ),
    )

    def keeps(self, leak: Leak) -> bool:
        """Leave alone a seed from the system, and one at import that the conftest of the file has set already."""
        change = leak.change
        if is_from_system(change) or is_seeded_by_plugin(change):
            return False
        if leak.root is not None and is_start_of_each(leak.root):
            return False
        seed = seed_of(change)
        project = change.scope.module.project
        if project is None:
            return True
        state = next(state for state in self.states if state.kind == change.kind)
        if leak.root is not None or not seed:
            return not is_seeded_anew(leak, state, project)
        for conftest in project.conftests(change.scope.module.path):
            seeds = [item for scope in import_time(conftest.top) for item in changes_in(scope, state)]
            if seeds:
                return not (is_certain(seeds[-1]) and seed_of(seeds[-1]) == seed)
        return True

    bad = (
        Example(
            "a seed in the setup makes each test draw the same names",
            {
                "test_accounts.py": """
import random

taken = set()


def new_name():
    name = f"user-{random.getrandbits(64)}"
    assert name not in taken, "the name is taken"
    taken.add(name)


def setup_function():
    random.seed(42)  # <- HRM108


def test_an_account_is_made():
    new_name()


def test_another_account_is_made():
    new_name()
"""
            },
        ),
        Example(
            "a helper seeds through an alias",
            {
                "test_sampling.py": """
from random import random as draw
from random import seed as fix

first = {}


def sample():
    fix("sampling")  # <- HRM108
    return draw()


def test_a_sample_is_repeatable():
    assert sample() == sample()
    first["next"] = draw()


def test_a_sample_can_be_repeated_again():
    sample()


def test_draws_differ():
    assert draw() != first.get("next")
"""
            },
        ),
        Example(
            "the state is put back below the assertion",
            {
                "test_noise.py": """
import random


def test_noise_is_small():
    before = random.getstate()
    random.seed(1)  # <- HRM108
    assert random.random() < 0.1
    random.setstate(before)


def test_draws_do_not_follow_a_seed():
    seeded = random.Random(1)
    assert random.random() not in (seeded.random(), seeded.random())
"""
            },
        ),
        Example(
            "NumPy's generator is seeded by a fixture",
            {
                "conftest.py": """
import numpy as np
import pytest


@pytest.fixture
def matrix():
    np.random.seed(0)  # <- HRM108
    return np.random.rand(2, 2)
""",
                "test_matrix.py": """
import numpy as np


def test_the_matrix_is_square(matrix):
    assert matrix.shape == (2, 2)


def test_a_fresh_draw_is_not_the_fifth_of_seed_zero():
    assert np.random.rand() != np.random.RandomState(0).rand(5)[4]
""",
            },
            needs=("numpy",),
        ),
    )
    good = (
        Example(
            "a generator of one's own leaves the global one alone",
            {
                "test_sampling.py": """
import random


def sample(rng):
    return rng.random()


def test_a_sample_is_repeatable():
    rng = random.Random(42)
    rng.seed(42)
    assert sample(rng) == sample(random.Random(42))


class TestShuffle:
    def setup_method(self):
        self.rng = random.Random()

    def test_shuffle(self):
        self.rng.seed(7)
        assert self.rng.random() == random.Random(7).random()
"""
            },
        ),
        Example(
            "the state is put back in a finally and after the yield",
            {
                "test_noise.py": """
import random

import pytest


@pytest.fixture(autouse=True)
def own_state():
    state = random.getstate()
    yield
    random.setstate(state)


def test_noise_is_repeatable():
    random.seed(1)
    first = random.random()
    random.seed(1)
    assert first == random.random()


def test_noise_in_a_block():
    state = random.getstate()
    try:
        random.seed(2)
        assert random.random() < 1
    finally:
        random.setstate(state)
"""
            },
        ),
        Example(
            "NumPy's default_rng and RandomState are generators of the test",
            {
                "test_matrix.py": """
import numpy as np
import pytest


@pytest.fixture
def matrix():
    return np.random.default_rng(0).random((2, 2))


def test_the_matrix_is_square(matrix):
    state = np.random.RandomState(3)
    state.seed(4)
    assert matrix.shape == (2, 2)


def test_the_global_one_is_put_back(request):
    request.addfinalizer(lambda state=np.random.get_state(): np.random.set_state(state))
    np.random.seed(0)
    assert 0.54 < np.random.rand() < 0.55
"""
            },
            needs=("numpy",),
        ),
    )
