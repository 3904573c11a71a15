"""Each test notes what it finds in the environment that was not there when its worker began."""

import os
import subprocess

import pytest

os.environ.update(CURRENCY="euro", POPPED="here", UPDATED="old")
BEGAN = dict(os.environ)


@pytest.fixture(autouse=True)
def found(note):
    names = (os.environ.keys() | BEGAN.keys()) - {"PYTEST_CURRENT_TEST"}
    changed = {name: os.environ.get(name) for name in sorted(names) if os.environ.get(name) != BEGAN.get(name)}
    note(pid=os.getpid(), found=changed)


@pytest.fixture
def child():
    """Ask a process that this one starts for a variable; None when it has none."""

    def ask(name):
        asked = f'printf %s "${{{name}-none}}"'
        said = subprocess.run(["/bin/sh", "-c", asked], check=True, capture_output=True, text=True).stdout
        return None if said == "none" else said

    return ask
