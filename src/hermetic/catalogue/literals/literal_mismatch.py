"""HRM801."""

from __future__ import annotations

import _ast as ast

from hermetic.catalogue.literals._given import Text, called_name, given_to, texts_of
from hermetic.catalogue.rule import PROJECT, Example, Rule, node_id
from hermetic.source.blocks import children
from hermetic.source.certain import is_expected_to_raise
from hermetic.source.changes import import_time
from hermetic.source.module import widened
from hermetic.source.patterns import matches
from hermetic.source.putback import is_expected_to_fail
from hermetic.source.reach import calls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.finding import Finding
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.roles import Options
    from hermetic.source.scope import Scope

OPTION = "literals"


class LiteralMismatch(Rule):
    """A call is given a literal that does not match the project's pattern for it.

    Why it breaks:
    Some texts have a form that only the receiver knows. The model of an `ollama` provider is found by the prefix
    `ollama/`; without it the name is taken for one of another provider, so that the call fails in the only test that
    really makes it, and is not noticed in those that replace the client.

    Do this instead:
    Write the literal as the pattern has it: `LLMFactory(provider="ollama", model="ollama/llama3")`. Keep it in one
    constant, so that there is one place to change.

    Options:
    `literals` lists rows: a call, an argument of it, a pattern with `*`, and any number of `name=value` that have to
    hold for other arguments of that call. The call is a name, with as much of its path as tells it apart, or a pattern.
    The default is `["LLMFactory", "model", "ollama/*", "provider=ollama"]`, and the same for `model_name`.

    Limits:
    Seen are literals, constants, parameters of `parametrize`, defaults of parameters and of the environment, and the
    beginning of a text that is put together; of a value that is only known at run time nothing is said. A call that is
    expected to raise is left alone.
    """

    code = "HRM801"
    name = "literal-mismatch"
    symptoms = (
        "LLM Provider NOT provided",
        "a model is not found, although it is installed",
    )
    repair = "write the literal as the project's pattern has it"
    message = "{argument}={value!r} does not match {pattern!r}, which {call}{condition} needs"
    presets = (PROJECT,)
    tokens = (b"LLMFactory",)
    tokens_from = OPTION
    reached = ()

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Yield the arguments that do not match."""
        rows: list[list[str]] = project.options.get(OPTION, [])
        for scope, call, owner in calls(module, rows):
            name, before = called_name(scope, call)
            fitting = [row for row in rows if is_named(name, row[0])]
            options = before | given_to(scope, call) if fitting else {}
            for row in fitting:
                value = options.get(row[1])
                if value is None or not all(holds(condition, options) for condition in row[3:]):
                    continue
                wrong = next((text for text in texts_of(*value) if not fits(text, row[2])), None)
                if wrong is not None and not is_expected_to_raise(scope, call) and not is_expected_to_fail(scope, call):
                    test = node_id(owner) if owner is not None else ""
                    yield self.finding(module, call, self.told(row, wrong), test=test)

    def told(self, row: list[str], wrong: Text) -> str:
        """Return the message for a literal that does not match."""
        condition = f"({', '.join(row[3:])})" if row[3:] else "()"
        value = wrong.value if wrong.is_whole else f"{wrong.value}..."
        return self.message.format(argument=row[1], value=value, pattern=row[2], call=row[0], condition=condition)

    bad = (
        Example(
            "the model of another provider",
            {
                "llm.py": """
class LLMFactory:
    def __init__(self, provider, model, timeout=30):
        if provider == "ollama" and not model.startswith("ollama/"):
            raise ValueError("LLM Provider NOT provided: " + model)
        self.model = model
""",
                "test_llm.py": """
from llm import LLMFactory


def test_a_model_has_a_name():
    client = LLMFactory(provider="ollama", model="llama3.1:8b")  # <- HRM801
    assert client.model
""",
            },
            harm="fails",
        ),
        Example(
            "a constant, an alias, and arguments by place",
            {
                "llm.py": """
class LLMFactory:
    def __init__(self, provider, model):
        if provider == "ollama" and not model.startswith("ollama/"):
            raise ValueError("LLM Provider NOT provided: " + model)
        self.model = model
""",
                "test_llm.py": """
import llm
import pytest
from llm import LLMFactory as Factory

MODEL = "mistral"


@pytest.fixture
def client():
    return Factory(  # <- HRM801
        "ollama",
        MODEL,
    )


def test_a_client_has_a_model(client):
    assert client.model


@pytest.mark.parametrize("size", ["8b", "70b"])
def test_each_size(size):
    assert llm.LLMFactory(provider="ollama", model=f"llama3.1:{size}").model  # <- HRM801
""",
            },
            harm="fails",
        ),
        Example(
            "a dictionary of arguments, and a default",
            {
                "models.py": """
from dataclasses import dataclass


@dataclass
class LLMFactory:
    model_name: str
    provider: str = "ollama"

    def __post_init__(self):
        if self.provider == "ollama" and not self.model_name.startswith("ollama/"):
            raise ValueError("LLM Provider NOT provided: " + self.model_name)
""",
                "test_models.py": """
import os

import models
import pytest

LOCAL = {"provider": "ollama", "model_name": "phi3"}


def test_a_dictionary():
    assert models.LLMFactory(**LOCAL).model_name  # <- HRM801


def test_a_default():
    name = os.environ.get("TEST_MODEL", "phi3")
    assert models.LLMFactory(name).model_name  # <- HRM801


@pytest.mark.parametrize("name", ["ollama/phi3", "phi3"])
def test_each(name):
    assert models.LLMFactory(model_name=name).model_name  # <- HRM801
""",
            },
            harm="fails",
        ),
    )
    good = (
        Example(
            "the prefix is there, written out or in front of what is filled in",
            {
                "llm.py": """
class LLMFactory:
    def __init__(self, provider, model):
        self.model = model
""",
                "test_llm.py": """
import pytest
from llm import LLMFactory

PREFIX = "ollama"


@pytest.mark.parametrize("size", ["8b", "70b"])
def test_a_model_has_a_prefix(size):
    assert LLMFactory(provider="ollama", model="ollama/phi3").model
    assert LLMFactory(provider="ollama", model=f"ollama/llama3.1:{size}").model
    assert LLMFactory("ollama", PREFIX + "/llama3.1").model
    assert LLMFactory("ollama", f"{PREFIX}/llama3.1:{size}").model
""",
            },
        ),
        Example(
            "another provider, and another class of that name's kind",
            {
                "llm.py": """
class LLMFactory:
    def __init__(self, provider="openai", model="gpt-4o"):
        self.model = model


class FakeLLMFactory:
    def __init__(self, provider, model):
        self.model = model
""",
                "test_llm.py": """
from llm import FakeLLMFactory, LLMFactory


def test_other_providers_have_no_prefix():
    assert LLMFactory(provider="openai", model="gpt-4o").model
    assert LLMFactory(model="gpt-4o").model


def test_a_fake_takes_any_model():
    assert FakeLLMFactory(provider="ollama", model="phi3").model
""",
            },
        ),
        Example(
            "the mistake itself is tested, or the value is only known at run time",
            {
                "llm.py": """
class LLMFactory:
    def __init__(self, provider, model):
        if provider == "ollama" and not model.startswith("ollama/"):
            raise ValueError("LLM Provider NOT provided: " + model)
        self.model = model


def installed():
    return ["ollama/" + name for name in ("phi3", "mistral")]
""",
                "test_llm.py": """
import pytest
from llm import LLMFactory, installed


def test_a_prefix_is_asked_for():
    with pytest.raises(ValueError, match="NOT provided"):
        LLMFactory(provider="ollama", model="phi3")


def test_whatever_is_installed():
    for model in installed():
        assert LLMFactory(provider="ollama", model=model).model == model
""",
            },
        ),
    )


def calls(module: Module, rows: list[list[str]]) -> Iterator[tuple[Scope, ast.Call, Scope | None]]:
    """Yield `(scope, call, function)` for the calls of a file, those in decorators too."""
    names = tuple(row[0].rpartition(".")[2].partition("*")[0].encode() for row in rows)
    for function in module.functions_with(widened(module, names)):
        for scope in function.family():
            yield from ((scope, call, function) for call in calls_of(scope))
    for definition in (*module.top.functions, *module.top.classes):
        outer = definition.parent or definition
        pending: list[ast.AST] = list(definition.decorators)
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Call):
                yield outer, node, definition if definition.is_function else None
            pending.extend(children(node))
    for scope in import_time(module.top):
        yield from ((scope, call, None) for call in calls_of(scope))


def is_named(name: str, pattern: str) -> bool:
    """Tell whether a dotted name ends as a pattern has it."""
    return matches(name, pattern) or (bool(name) and matches(f".{name}", f"*.{pattern}"))


def holds(condition: str, options: Options) -> bool:
    """Tell whether an argument has the value that a condition names; an enumeration's member counts by its name."""
    argument, _, wanted = condition.partition("=")
    if argument not in options:
        return False
    scope, value = options[argument]
    if isinstance(value, ast.Attribute) and value.attr.lower() == wanted.lower():
        return True
    return any(text.is_whole and matches(text.value, wanted) for text in texts_of(scope, value))


def fits(text: Text, pattern: str) -> bool:
    """Tell whether a text matches a pattern; one of which only the beginning is known may match."""
    if text.is_whole:
        return matches(text.value, pattern)
    prefix = pattern
    for sign in "*?[":
        prefix = prefix.partition(sign)[0]
    shorter = min(len(prefix), len(text.value))
    return prefix[:shorter] == text.value[:shorter]
