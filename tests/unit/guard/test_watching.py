"""`--hermetic-trace=watch`: the lines of data, and interpreters that end well, however they end."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hermetic.guard import watching
from tests.utils.guarding import guarded
from tests.utils.lint import write_files

if TYPE_CHECKING:
    from pathlib import Path

needs_watchers = pytest.mark.skipif(
    not watching.AVAILABLE,
    reason="CPython 3.12 and newer tell of writes: `make compat` and `make assure` run these there",
)
SHOP = """
registry, levels, mode, count = {}, [], "a", 0
settings = {"x": {"deep": {}}}


class Cart:
    limit = 3


class Box:
    def __init__(self):
        self.table = {}

    def grow(self):
        return 1


box = Box()


def set_mode(value):
    global mode
    mode = value


def fill(entries):
    mine = registry
    mine.update(entries)


def bump():
    global count
    while True:
        count += 1
"""
LEAKS = """
import pytest
import shop


@pytest.fixture(scope="module")
def basket():
    return {"tea": 1}


def test_name():
    shop.set_mode("b")


def test_entries():
    shop.fill({"tea": 1})


def test_attribute_of_a_class():
    setattr(shop.Cart, "lim" + "it", 5)


def test_method_of_a_class():
    setattr(shop.Box, "gr" + "ow", lambda self: 2)


def test_table_of_an_object():
    table = shop.box.table
    table["key"] = 1


def test_deep_table():
    deep = shop.settings["x"]["deep"]
    deep["key"] = 1


def test_fixture(basket):
    held = basket
    held["milk"] = 2


def test_put_back_and_written_again():
    mine = shop.registry
    mine["coffee"] = 1
    del mine["coffee"]
    mine["cocoa"] = 1
"""
LINES = {
    "shop.mode": ("shop.py", 23),
    "shop.registry['tea']": ("shop.py", 28),
    "shop.Cart.limit": ("test_it.py", 20),
    "shop.Box.grow": ("test_it.py", 24),
    "shop.box.table['key']": ("test_it.py", 29),
    "shop.settings['x']['deep']['key']": ("test_it.py", 34),
    "basket['milk']": ("test_it.py", 39),
    "shop.registry['cocoa']": ("test_it.py", 46),
}


@needs_watchers
@pytest.mark.parametrize("workers", ["-pno:xdist", "-n2"])
def test_the_line_that_writes_is_told_at_once(workers: str, tmp_path: Path) -> None:
    files = {"shop.py": SHOP, "test_it.py": LEAKS}

    run = guarded(tmp_path / "suite", workers, "--hermetic-trace=watch", mode="warn", files=files)

    assert {item["state"]: (item["path"], item["line"]) for item in run.findings} == LINES, run.output
    assert run.exit == 0


def test_without_watchers_the_tracer_tells(tmp_path: Path) -> None:
    older = "from hermetic.guard import watching\nwatching.AVAILABLE = False\n"
    files = {"shop.py": SHOP, "test_it.py": LEAKS, "conftest.py": older}

    run = guarded(tmp_path / "suite", "-pno:xdist", "--hermetic-trace=watch", files=files)

    assert {item["state"]: (item["path"], item["line"]) for item in run.findings} == LINES, run.output


ENDINGS = {
    "os._exit": ("import os; os._exit(7)", 7),
    "abort": ("import os; os.abort()", -6),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
    "pytest.exit": ("import pytest; pytest.exit('enough', returncode=9)", 9),
    "a child that ends as programs do": (
        # It goes on as a pytest of its own, whose test failed.
        "import os\n    if os.fork() == 0: shop.mode = 'c'; raise SystemExit\n    assert os.wait()[1] >> 8 == 1",
        0,
    ),
    "a child that ends as it is": (
        "import os\n    if os.fork() == 0: shop.mode = 'c'; os._exit(0)\n    assert os.wait()[1] == 0",
        0,
    ),
    "a process of multiprocessing": (
        "child = Fork(target=shop.set_mode, args='x')\n    child.start(); child.join(); assert child.exitcode == 0",
        0,
    ),
    "threads that write to the end": (
        "import threading\n    for _ in range(4): threading.Thread(target=shop.bump, daemon=True).start()",
        0,
    ),
    "finalizers that write what is being written": ("collect_often()", 0),
    "writes while the interpreter takes itself apart": ("shop.registry['late'] = Late()", 0),
    "another watcher": ("watch_too()", 0),
}
ENDS = """
import ctypes
import gc
import multiprocessing
import shop

Fork = multiprocessing.get_context("fork").Process


class Late:
    def __del__(self, shop=shop, registry=shop.registry):
        registry["gone"] = 1
        shop.mode = "gone"


class Node:
    def __del__(self, registry=shop.registry):
        for number in range(40):
            registry[number] = number
        for number in range(40):
            registry.pop(number, None)


def collect_often():
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    for number in range(300):
        for before in range(100, 130):  # so that the entry moves when the table grows
            shop.registry[before] = before
        shop.registry.pop("kept", None)
        shop.registry["kept"] = []
        for before in range(100, 130):
            del shop.registry[before]
        node = Node()
        node.itself = node
        del node
        shop.registry["kept"] = [number]
        assert shop.registry["kept"] == [number]
    gc.set_threshold(*thresholds)


def watch_too():
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    callback = kind(lambda *_: 0)
    number = ctypes.pythonapi.PyDict_AddWatcher(callback)
    ctypes.pythonapi.PyDict_Watch(number, ctypes.py_object(vars(shop)))
    shop.mode = "b"
    ctypes.pythonapi.PyDict_ClearWatcher(number)


def test_first():
    shop.set_mode("b")


def test_it():
    {body}


def test_last():
    shop.set_mode("d")
"""


@needs_watchers
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_ends_as_it_does_without_a_watch(ending: str, tmp_path: Path) -> None:
    body, code = ENDINGS[ending]
    files = {"shop.py": SHOP, "test_it.py": ENDS.replace("{body}", body)}

    for _ in range(3):
        run = guarded(tmp_path / "suite", "-pno:xdist", "--hermetic-trace=watch", mode="warn", files=files)

        assert run.exit == code, run.output
        assert "HRM106" not in run.output
        assert "Exception ignored" not in run.output
        assert "Fatal Python error" not in run.output or ending == "abort"


INTERRUPTED = """
import os, signal, threading, time
import shop


def test_is_interrupted():
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for _ in range(1000):
            shop.count += 1
"""


@needs_watchers
def test_ctrl_c_is_not_lost_while_a_write_is_noted(tmp_path: Path) -> None:
    files = {
        "shop.py": SHOP,
        "test_it.py": INTERRUPTED,
        "conftest.py": "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n",
    }

    run = guarded(tmp_path / "suite", "-pno:xdist", "--hermetic-trace=watch", mode="warn", files=files)

    assert run.exit == pytest.ExitCode.INTERRUPTED, run.output
    assert "Exception ignored" not in run.output


BROKEN = """
from hermetic.guard.probe import Probe


class BrokenProbe(Probe):
    code = "SHOP101"

    def snapshot(self):
        return 1

    def changes(self, before, after):
        return ()

    def tables(self):
        raise KeyError("nothing there")


def pytest_hermetic_probes(config):
    return [BrokenProbe()]
"""


@needs_watchers
def test_a_probe_that_cannot_tell_its_tables_is_switched_off_and_the_run_goes_on(tmp_path: Path) -> None:
    files = {"shop.py": SHOP, "test_it.py": LEAKS, "conftest.py": BROKEN}

    run = guarded(tmp_path / "suite", "-pno:xdist", "--hermetic-trace=watch", mode="warn", files=files)

    assert {item["state"]: (item["path"], item["line"]) for item in run.findings if item["code"] != "SHOP101"} == LINES
    assert "SHOP101 is not guarded from here on" in run.output


SEVERAL = """
import sys

import pytest

from hermetic.guard import watching

made = []
start = watching.Watch.start
watching.Watch.start = lambda self: made.append(self) or start(self)
for _ in range(12):  # the interpreter has room for eight
    assert pytest.main(["-q", "--hermetic-trace=watch", "-pno:xdist", "-pno:cacheprovider"]) == 0
    sys.modules.pop("test_it", None)
assert [(one.number, one.tables) for one in made] == [(-1, {})] * 12
"""


@needs_watchers
def test_the_watch_ends_with_its_session(tmp_path: Path) -> None:
    test = "import shop\n\n\ndef test_it():\n    shop.set_mode('b')\n"
    write_files({"test_it.py": test, "shop.py": SHOP, "several.py": SEVERAL, "pytest.ini": "[pytest]\n"}, tmp_path)

    done = subprocess.run([sys.executable, "several.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
