"""What a block seeds, a manager takes back, or ends by itself is left alone, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.utils.lint import lint_files

if TYPE_CHECKING:
    from pathlib import Path

DEFAULTS = ("recommended",)


def codes(files: dict[str, str], folder: Path) -> list[str]:
    return [item.code for item in lint_files(files, folder, select=DEFAULTS)]


DRAWN = """
import numpy
import pytest
from contexts import RNGContext, Timed

with {manager}:
    points = numpy.random.uniform(5, 10)


@pytest.mark.parametrize("point", [points])
def test_a(point):
    assert point
"""


@pytest.mark.parametrize(
    ("manager", "found"), [("RNGContext(123)", []), ("RNGContext()", ["HRM701"]), ("Timed(123)", ["HRM701"])]
)
def test_a_block_may_seed_the_generator(manager: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": DRAWN.format(manager=manager)}, tmp_path) == found


RELOADED = """
import importlib


def test_a(tmp_path, monkeypatch):
    (tmp_path / "lexer_a.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    suffix = "a"
    lexer = importlib.import_module({name})
    lexer = importlib.reload(lexer)
    assert lexer
"""


@pytest.mark.parametrize(
    ("name", "found"), [('f"lexer_{suffix}"', []), ('"lexer_" + suffix', []), ('"lexer"', ["HRM104"])]
)
def test_a_module_of_a_name_that_is_made_for_it_may_be_reloaded(name: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": RELOADED.format(name=name)}, tmp_path) == found


FRAMES = """
FRAMES = ["sky"]


class custom_frame:
    def __init__(self, frame):
        FRAMES.append(frame)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        {leaving}
"""
ENTERING = """
from contextlib import ExitStack

import frames


def test_a():
    {entering}
    assert frames.FRAMES
"""


@pytest.mark.parametrize(
    ("leaving", "entering", "found"),
    [
        ("FRAMES.pop()", "with frames.custom_frame('sea'):\n        pass", []),
        ("FRAMES.pop()", "with ExitStack() as stack:\n        stack.enter_context(frames.custom_frame('sea'))", []),
        ("FRAMES.pop()", "frame = frames.custom_frame('sea')", ["HRM601"]),
        ("print('left')", "with frames.custom_frame('sea'):\n        pass", ["HRM601"]),
    ],
)
def test_a_manager_that_changes_a_module_when_it_is_made(
    leaving: str, entering: str, found: list[str], tmp_path: Path
) -> None:
    files = {"frames.py": FRAMES.format(leaving=leaving), "test_it.py": ENTERING.format(entering=entering)}

    assert codes(files, tmp_path) == found


HOOKS = """
import enum


class Hook(enum.Enum):
    NONE = 0
    PLAIN = 1


HOOK = Hook.NONE


def uninstall():
    global HOOK
    HOOK = Hook.{name}
"""


@pytest.mark.parametrize(("name", "found"), [("NONE", []), ("PLAIN", ["HRM601"])])
def test_a_function_that_sets_what_the_module_starts_with(name: str, found: list[str], tmp_path: Path) -> None:
    test = "import hooks\n\n\ndef test_a():\n    hooks.uninstall()\n    assert hooks.HOOK\n"

    assert codes({"hooks.py": HOOKS.format(name=name), "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(("seconds", "found"), [("0.1", []), ("interval=0.5", []), ("30", ["HRM109"])])
def test_a_timer_that_goes_off_within_a_moment_ends_by_itself(seconds: str, found: list[str], tmp_path: Path) -> None:
    given = f"{seconds}, print" if "=" not in seconds else f"function=print, {seconds}"
    test = f"from threading import Timer\n\n\ndef test_a():\n    Timer({given}).start()\n    assert True\n"

    assert codes({"test_it.py": test}, tmp_path) == found


LOGGERS = """
import logging


def test_a():
    loggers = [logging.getLogger(name) for name in ("shop", "till")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
            logger.propagate = True
        assert loggers
    finally:
        for logger, (level, propagate) in zip(loggers, before):
            {back}
"""


@pytest.mark.parametrize(
    ("back", "found"),
    [
        ("logger.setLevel(level); logger.propagate = propagate", []),
        ("logger.setLevel(level)", ["HRM105"]),
        ("logger.propagate = propagate", ["HRM105"]),
        ("print(level, propagate)", ["HRM105", "HRM105"]),
    ],
)
def test_loggers_may_be_put_back_in_a_loop_over_them_and_what_was_kept(
    back: str, found: list[str], tmp_path: Path
) -> None:
    assert codes({"test_it.py": LOGGERS.format(back=back)}, tmp_path) == found


CONFIG = """
class Config:
    design = None

    def {method}(self, name, value):
        self.__dict__[name] = value


config = Config()
"""


@pytest.mark.parametrize(("method", "found"), [("__setattr__", []), ("set", ["HRM308"])])
def test_an_object_that_says_itself_what_setting_does(method: str, found: list[str], tmp_path: Path) -> None:
    test = "from shop import config\n\n\ndef test_a():\n    config.design = lambda: 1\n    assert config.design\n"

    assert codes({"shop.py": CONFIG.format(method=method), "test_it.py": test}, tmp_path) == found


PATCHING = """
from unittest import mock

import boto3


def test_a():
    client = boto3.client("s3")
    other = boto3.client("s3")
    with {manager}:
        client.create_bucket(Bucket="reports")
"""


@pytest.mark.parametrize(
    ("manager", "found"),
    [
        ('mock.patch.object(type(client.transport.create_bucket), "__call__")', []),
        ('mock.patch.object(client, "_make_api_call")', []),
        ('mock.patch.object(other, "_make_api_call")', ["HRM506"]),
    ],
)
def test_a_client_of_which_a_part_is_patched_reaches_no_store(manager: str, found: list[str], tmp_path: Path) -> None:
    assert codes({"test_it.py": PATCHING.format(manager=manager)}, tmp_path) == found


@pytest.mark.parametrize(("holder", "found"), [("config", []), ("other", ["HRM601"])])
def test_a_container_may_be_kept_under_the_name_of_another_module(
    holder: str, found: list[str], tmp_path: Path
) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/plugins.py": "known = {'till': 1}\n",
        "shop/config.py": "from shop.plugins import known\n",
        "shop/core.py": "from shop.config import known\n",
        "shop/other.py": "known = {}\n",
        "conftest.py": f"""
import pytest
import shop.{holder}


@pytest.fixture
def kept():
    before = shop.{holder}.known.copy()
    yield
    shop.{holder}.known.clear()
    shop.{holder}.known.update(before)
""",
        "test_it.py": "import shop.core\n\n\ndef test_a(kept):\n    shop.core.known['a'] = 2\n    assert shop\n",
    }

    assert codes(files, tmp_path) == found


@pytest.mark.parametrize(
    ("removal", "found"),
    [
        ("if name in sys.modules:\n        del sys.modules[name]", []),
        ("try:\n        del sys.modules[name]\n    except KeyError:\n        pass", []),
        ("del sys.modules[name]", ["HRM104"]),
        ("sys.modules.pop(name, None)", []),
        ("sys.modules.pop(name, None)\n    __import__(name)", ["HRM104"]),
    ],
)
def test_a_module_that_may_not_be_there_under_a_name_of_the_callers(
    removal: str, found: list[str], tmp_path: Path
) -> None:
    helper = f"import sys\n\n\ndef forget(name):\n    {removal}\n"
    test = f"{helper}\n\ndef test_a():\n    forget('shop.till')\n    assert sys\n"

    assert codes({"test_it.py": test}, tmp_path) == found


ENDING = """
import os

import pytest
import shop


def test_a():
    {block}
        shop.main()
    del os.environ["{name}"]
    assert shop
"""


@pytest.mark.parametrize(
    ("block", "name", "found"),
    [
        ("with pytest.raises(SystemExit):", "SHOP_SETTINGS", []),
        ("with pytest.raises(SystemExit):", "PATH", ["HRM101"]),
        ("if shop:", "SHOP_SETTINGS", ["HRM101"]),
    ],
)
def test_what_the_code_has_set_before_it_ended_may_be_deleted(
    block: str, name: str, found: list[str], tmp_path: Path
) -> None:
    files = {"shop.py": "def main():\n    raise SystemExit\n", "test_it.py": ENDING.format(block=block, name=name)}

    assert codes(files, tmp_path) == found


NAMED = """
import logging


def reset(name):
    logger = logging.getLogger({name})
    logger.handlers = []
    logger.setLevel({level})
    logger.propagate = True


def test_a():
    reset("shop")
    assert logging
"""


@pytest.mark.parametrize(
    ("name", "level", "found"), [("name", "logging.NOTSET", 0), ("name", "logging.DEBUG", 1), ("", "logging.NOTSET", 2)]
)
def test_a_logger_that_the_caller_names_begins_as_all_but_the_root(
    name: str, level: str, found: int, tmp_path: Path
) -> None:
    assert len(codes({"test_it.py": NAMED.format(name=name, level=level)}, tmp_path)) == found


@pytest.mark.parametrize(
    ("level", "found"),
    [("setLevel(logging.WARNING)", 0), ("level = logging.WARNING", 0), ("setLevel('WARNING')", 0), ("setLevel(30)", 0),
     ("setLevel(logging.INFO)", 1), ("level = logging.NOTSET", 1)],
)  # fmt: skip
def test_the_root_logger_begins_with_a_level_of_its_own(level: str, found: int, tmp_path: Path) -> None:
    for logger, count in (("", found), ("'shop'", 0 if "NOTSET" in level else 1)):
        text = f"import logging\n\n\ndef test_a():\n    logging.getLogger({logger}).{level}\n    assert logging\n"
        assert len(codes({"test_it.py": text}, tmp_path)) == count


@pytest.mark.parametrize(
    ("value", "found"), [("set(Policy.names)", []), ("Policy.names.copy()", []), ("set(Policy.others)", ["HRM603"])]
)
def test_a_copy_of_what_is_there_is_no_change(value: str, found: list[str], tmp_path: Path) -> None:
    module = "class Policy:\n    names = {'a'}\n    others = {'b'}\n"
    test = f"from shop import Policy\n\n\ndef test_a():\n    Policy.names = {value}\n    assert Policy.names\n"

    assert codes({"shop.py": module, "test_it.py": test}, tmp_path) == found


RESTORING = """try:
                return function(*args, **kwargs)
            finally:
                shop.STYLE = before"""
STYLED = """
import functools

import shop


def styled(style):
    def decorate(function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            before = shop.STYLE
            shop.STYLE = style
            {run}
        return run
    return decorate
"""


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (
            RESTORING,
            [],
        ),
        ("return function(*args, **kwargs)", ["HRM601", "HRM601"]),
    ],
)
def test_a_decorator_may_put_back_what_the_test_changes_too(run: str, found: list[str], tmp_path: Path) -> None:
    test = """
import shop
from tests.styles import styled


@styled("never")
def test_a():
    shop.STYLE = "always"
    assert shop.STYLE
"""
    styles = STYLED.format(run=run)
    files = {
        "shop.py": "STYLE = 'auto'\n",
        "tests/__init__.py": "",
        "tests/styles.py": styles,
        "tests/test_it.py": test,
    }

    assert codes(files, tmp_path) in (found, found[1:])


@pytest.mark.parametrize(("ending", "found"), [("done.wait(1)", []), ("done.set()", ["HRM109"])])
def test_an_executor_of_one_test_that_waits_for_what_it_does(ending: str, found: list[str], tmp_path: Path) -> None:
    test = f"""
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from shop import cache


def test_a():
    pool = ThreadPoolExecutor(1)
    done = Event()

    def later():
        return pool.submit(done.set)

    cache.refresh = 1
    cache.fill(later)
    {ending}
"""

    assert codes({"shop.py": "", "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(("bases", "found"), [("metaclass=Meta", []), ("object", ["HRM603"])])
def test_a_class_whose_metaclass_may_have_the_property(bases: str, found: list[str], tmp_path: Path) -> None:
    meta = "class Meta(type):\n    limit = property(int, print)\n"
    module = f"{meta}\n\nclass Base({bases}):\n    pass\n\n\nclass Image(Base):\n    pass\n"
    test = "from shop import Image\n\n\ndef test_a():\n    Image.limit = 3\n    assert Image.limit\n"

    assert codes({"shop.py": module, "test_it.py": test}, tmp_path) == found


@pytest.mark.parametrize(("name", "found"), [("pdf_cache", []), ("pdf_files", ["HRM502"])])
def test_a_folder_that_says_that_it_is_a_cache_may_stay(name: str, found: list[str], tmp_path: Path) -> None:
    test = (
        f"import os\n\n\ndef test_a():\n    os.makedirs('{name}', exist_ok=True)\n    assert os.path.isdir('{name}')\n"
    )

    assert codes({"test_it.py": test}, tmp_path) == found


CLIENT = """
class Client:
    def __init__(self, session):
        self.session = session

    def create_collection(self, name):
        self.session.put(name)
"""
GIVEN = """
import pytest
import requests
from unittest.mock import Mock
from shop import Client


@pytest.fixture
def session(request):
    return {session}


@pytest.fixture
def client(session):
    return Client(session)


@pytest.fixture
def mock_clock(mocker):
    return mocker.MagicMock()
"""
USES = """
def test_a(client, mock_clock):
    same = client
    {call}
"""


@pytest.mark.parametrize(
    ("session", "call", "found"),
    [
        ("Mock()", "client.create_collection('reports')", []),
        ("Mock()", "same.create_collection('reports')", []),
        ("requests.Session()", "client.create_collection('reports')", ["HRM506"]),
    ],
)
def test_a_client_that_a_fixture_gives_a_mock_reaches_no_store(
    session: str, call: str, found: list[str], tmp_path: Path
) -> None:
    files = {"shop.py": CLIENT, "conftest.py": GIVEN.format(session=session), "test_it.py": USES.format(call=call)}
    assert codes(files, tmp_path) == found
