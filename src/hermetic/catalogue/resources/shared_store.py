"""HRM506."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.resources._grouped import are_grouped
from hermetic.catalogue.resources._stores import CHOOSERS, REQUESTS, WRITERS, store_fixed, tells_store
from hermetic.catalogue.resources._users import fixtures_of, is_wide
from hermetic.catalogue.rule import LINT, Example, Rule, node_id, one_per_line
from hermetic.source import roles
from hermetic.source.callee import ancestry
from hermetic.source.imports import any_around
from hermetic.source.interest import Interest
from hermetic.source.names import resolve
from hermetic.source.never_run import is_skipped
from hermetic.source.origins import results
from hermetic.source.spelling import is_patch, spelled
from hermetic.source.teardown import arranging
from hermetic.source.text import contains
from hermetic.source.visits import Visit, roots, visits, visits_at_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

TOKENS = (b"store", b"Store", b"bucket", b"Bucket", b"collection(", b"create_topic", b"create_realm")
CHOOSING = Interest("HRM506 choosing", TOKENS, REQUESTS, CHOOSERS)
WRITING = Interest("HRM506", TOKENS, REQUESTS, CHOOSERS | WRITERS)  # where some client is told its store
STAND_INS = (b"Mock", b"mock", b"Fake", b"fake", b"stub")
# Text of a fixture that gives each worker or test a store of its own, or none at all.
APART = (*STAND_INS, b"worker", b"uuid", b"unique", b"tmp_path", b"randint", b"token_hex")
MOCKING = (b"Mock(", b"mock.", b"patch(")
LOCAL = (b"mock_aws", b"mock_s3", b"moto")
SERVER = """
STORES = {}  # stands for the server


class AuthorizationClient:
    def __init__(self, url, store=None):
        self.url = url
        self.store = store

    def create_store(self, name):
        STORES.setdefault(name, set())
        self.store = name
        return name

    def write(self, user, relation, thing):
        STORES.setdefault(self.store, set()).add((user, relation, thing))

    def check(self, user, relation, thing):
        return (user, relation, thing) in STORES.setdefault(self.store, set())
"""


class SharedStore(Rule):
    """Tests write to a store of a server whose name or id is fixed.

    Why it breaks:
    A store of an authorization service (OpenFGA and the like), a bucket, a collection or a realm stays on its server
    when the test is over, and belongs to whoever knows its name. What one test grants, the next one has; two workers
    grant and revoke the same, or one deletes the store while the other asks it.

    Do this instead:
    Make a store for each test or worker, named with `worker_store_name` or `worker_unique_name("documents")`, and
    delete it after the `yield`. Where there can be only one, put all tests that use it into one
    `@pytest.mark.xdist_group` and let a fixture take back what each has written.

    Options:
    `shared-clients` in `[tool.hermetic]` lists patterns of fixtures that give a client of a shared store (default
    `*openfga*`). Such a fixture with a scope wider than one test is reported unless all tests of a file that use it are
    in one `xdist_group`, or its source speaks of a worker, a unique name, or a stand-in.

    Limits:
    Seen are clients, by their names, that are told the store in their constructor or configuration and then written to,
    and methods that make or choose a store (`create_store`, `create_bucket`, `create_collection`). Objects that stand
    for a server in memory are left alone, and so are calls within a `with` of a stub that answers them or of a
    patch of a part of the client, those of a class whose set-up makes mocks, those of a client that a fixture gives
    with a mock, and a store whose name has a part that only the run knows.
    """

    code = "HRM506"
    name = "shared-store"
    symptoms = (
        "a permission check passes although nobody has granted it, in some orders",
        "store not found, or a bucket or collection already exists, in parallel runs",
        "OpenFGA store shared by workers",
    )
    message = "the store has a fixed name or id: other tests, workers and runs write to it as well"
    client_message = "{name!r} gives several tests a client of one store, and they are not in one xdist_group"
    repair = "name the store with worker_store_name, or put its tests into one xdist_group"
    claims = (LINT,)
    no_claims = {  # noqa: RUF012 - a mapping that nobody changes
        "guard": "what a server holds is outside of the process, and each kind of store has a protocol of its own",
    }
    follows = "calls"
    tokens = (*TOKENS, b"openfga")
    reached = TOKENS
    through_fixtures = True
    related = ("HRM504", "HRM505")

    @one_per_line
    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the calls that fix a store, and the shared clients of tests that are not grouped."""
        yield from self.fixed(module, project)
        yield from self.clients(module, project)

    def fixed(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the calls that name a store by a fixed text."""
        tests = [item for item in module.top.functions if roles.role_of(item) == "test"]
        interest = WRITING if any_around(module, project, tells_store) else CHOOSING
        found = [visit for root in roots(module, interest) for visit in visits(root, TOKENS, interest=interest)]
        for visit in (*visits_at_import(module, interest), *found):
            place = store_fixed(visit)
            if place is None or are_grouped(users_of(visit, tests, project)) or is_local(visit, project):
                continue
            if not visit.is_mocked(resolve(visit.scope, visit.call.func), project):
                test = node_id(visit.root) if visit.root.is_function else ""
                yield self.finding(place.scope.module, place.node, self.message, test=test)

    def clients(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the wide fixtures that give a client of a shared store to tests outside of one group."""
        patterns = [str(item) for item in project.options.get("shared-clients", ())]
        users: dict[Scope, list[Scope]] = {}
        for test in module.top.functions:
            if roles.role_of(test) == "test" and not is_skipped(test):
                for fixture in fixtures_of(test, project):
                    if is_wide(fixture) and any(fits(roles.fixture_name(fixture), item) for item in patterns):
                        users.setdefault(fixture, []).append(test)
        for fixture, mine in users.items():
            text = fixture.module.text(fixture)
            if not are_grouped(mine) and not any(word in text for word in APART) and gives_client(fixture):
                name = roles.fixture_name(fixture)
                yield self.finding(fixture.module, fixture.node, self.client_message.format(name=name))

    bad = (
        Example(
            "a fixture creates the store under a fixed name",
            {
                "authorization.py": SERVER,
                "conftest.py": """
import pytest
from authorization import AuthorizationClient


@pytest.fixture
def client():
    client = AuthorizationClient("http://localhost:8080")
    client.create_store(name="documents")  # <- HRM506
    return client
""",
                "test_access.py": """
def test_ada_may_read(client):
    client.write("ada", "reader", "report")
    assert client.check("ada", "reader", "report")


def test_nobody_may_read(client):
    assert not client.check("ada", "reader", "report")
""",
            },
        ),
        Example(
            "the id of the store is a constant of the application's client",
            {
                "authorization.py": SERVER
                + """

client = AuthorizationClient("http://localhost:8080", store="01HVMMBD")  # <- HRM506


def share(thing, user):
    client.write(user, "viewer", thing)


def may_view(user, thing):
    return client.check(user, "viewer", thing)
""",
                "test_share.py": """
import authorization


def test_a_plan_is_shared():
    authorization.share("plan", "ada")
    assert authorization.may_view("ada", "plan")


def test_a_plan_is_private():
    assert not authorization.may_view("ada", "plan")
""",
            },
        ),
        Example(
            "a session-scoped client of the one store, for tests that are not in one group",
            {
                "authorization.py": SERVER,
                "conftest.py": """
import os

import pytest
from authorization import AuthorizationClient


@pytest.fixture(scope="session")
def openfga_client():  # <- HRM506
    return AuthorizationClient(os.environ.get("OPENFGA_URL"), store=os.environ.get("OPENFGA_STORE"))
""",
                "test_owner.py": """
def test_an_owner_is_set(openfga_client):
    openfga_client.write("ada", "owner", "report")
    assert openfga_client.check("ada", "owner", "report")


def test_there_is_no_owner(openfga_client):
    assert not openfga_client.check("ada", "owner", "report")
""",
            },
        ),
    )
    good = (
        Example(
            "the store has the worker's name, and is emptied after each test",
            {
                "authorization.py": SERVER,
                "conftest.py": """
import authorization
import pytest


@pytest.fixture
def client(worker_store_name):
    client = authorization.AuthorizationClient("http://localhost:8080")
    client.create_store(name=worker_store_name)
    yield client
    authorization.STORES.clear()


@pytest.fixture(scope="session")
def worker_store_name():
    from hermetic.workers import get_worker_store_name

    return get_worker_store_name()
""",
                "test_access.py": """
def test_ada_may_read(client):
    client.write("ada", "reader", "report")
    assert client.check("ada", "reader", "report")


def test_nobody_may_read(client):
    assert not client.check("ada", "reader", "report")
""",
            },
        ),
        Example(
            "all tests of the one store are in one group, and take back what they write",
            {
                "authorization.py": SERVER,
                "conftest.py": """
import authorization
import pytest


@pytest.fixture(scope="session")
def openfga_client():
    return authorization.AuthorizationClient("http://localhost:8080", store="documents")


@pytest.fixture(autouse=True)
def clean():
    yield
    authorization.STORES.clear()
""",
                "test_access.py": """
import pytest

pytestmark = pytest.mark.xdist_group("openfga")


def test_ada_may_read(openfga_client):
    openfga_client.write("ada", "reader", "report")
    assert openfga_client.check("ada", "reader", "report")


def test_nobody_may_read(openfga_client):
    assert not openfga_client.check("ada", "reader", "report")
""",
                "pytest.ini": """
[pytest]
markers = xdist_group: keep together
""",
            },
        ),
        Example(
            "an object of the test's own, or a mock, stands for the server; a name may be unique",
            {
                "test_memory.py": """
import uuid
from unittest import mock


class Shop:
    def __init__(self, store):
        self.store, self.items = store, set()

    def add(self, item):
        self.items.add(item)


def test_an_object_of_its_own():
    shop = Shop(store="main")
    shop.add("tea")
    assert shop.items == {"tea"}


def test_a_mock():
    client = mock.Mock()
    client.create_store(name="documents")
    client.create_store.assert_called_once_with(name="documents")


def test_a_unique_name():
    name = f"documents-{uuid.uuid4().hex}"
    assert Shop(store=name).store == name
"""
            },
        ),
    )


def users_of(visit: Visit, tests: list[Scope], project: Project) -> list[Scope]:
    """Return the tests of the file that make a call, or for which a fixture does."""
    if roles.role_of(visit.root) == "test":
        return [visit.root]
    return [test for test in tests if visit.root in fixtures_of(test, project)]


def is_local(visit: Visit, project: Project) -> bool:
    """Tell whether a library keeps the store in memory for the test, as moto does for AWS."""
    if any(level.holds(LOCAL) for level in (visit.scope.module, *project.providers(visit.root.module))):
        return True
    owner = visit.root.owner
    if owner is not None and any(is_answered(level) for level in ancestry(owner)):
        return True
    return any(is_stubbed(item.scope, item.call) for item in visit.chain()) or is_given_mocked(visit, project)


def is_given_mocked(visit: Visit, project: Project) -> bool:
    """Tell whether a fixture gives the client, and it, or one that it asks for, makes mocks, which answer instead."""
    name = resolve(visit.scope, visit.call.func)
    asked = [item for item in fixtures_of(visit.root, project) if name.startswith(f"@{roles.fixture_name(item)}.")]
    makers = [maker for item in asked for maker in (item, *fixtures_of(item, project))]
    return any(contains(maker.module.text(maker), STAND_INS) for maker in makers)


def is_answered(cls: Scope) -> bool:
    """Tell whether the set-up of a class makes mocks, which may well answer its calls."""
    return any(contains(method.module.text(method), MOCKING) for method in arranging(cls))


def is_stubbed(scope: Scope, call: ast.Call) -> bool:
    """Tell whether a `with` around a call has a stub answer it: `with Stubber(client):`, `with self.stubber:`."""
    around = (parent for _, parent in scope.ancestors(call) if isinstance(parent, (ast.With, ast.AsyncWith)))
    entered = [item.context_expr for parent in around for item in parent.items]
    return any("stub" in spelled(item).lower() or replaces_part_of(scope, item, call) for item in entered)


def replaces_part_of(scope: Scope, manager: ast.expr, call: ast.Call) -> bool:
    """Tell whether a manager patches something of the object whose method is called: its transport, or a method."""
    owner = getattr(call.func, "value", None)
    if not isinstance(manager, ast.Call) or not is_patch(resolve(scope, manager.func)) or not manager.args:
        return False
    patched = manager.args[0]
    while isinstance(patched, (ast.Attribute, ast.Call)):
        inner = patched.value if isinstance(patched, ast.Attribute) else next(iter(patched.args), None)
        if inner is None:
            return False
        patched = inner
    return isinstance(patched, ast.Name) and patched.id == getattr(owner, "id", "")


def fits(name: str, pattern: str) -> bool:
    """Match a pattern without regular expressions where it only says what a name contains."""
    inner = pattern.strip("*")
    if "*" in inner or "?" in inner or "[" in inner:
        from hermetic.source.patterns import matches

        return matches(name, pattern)
    if pattern.startswith("*"):
        return inner in name if pattern.endswith("*") else name.endswith(inner)
    return name.startswith(inner) if pattern.endswith("*") else name == inner


def gives_client(fixture: Scope) -> bool:
    """Tell whether a fixture gives what a call makes, and so no text or number."""
    return any("()" in resolve(fixture, value) for value in results(fixture))
