"""A slot belongs to one process at a time, and to nobody when that is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.utils.holders import Holder, environment, holding, say

from hermetic.workers import _locks

if TYPE_CHECKING:
    from pathlib import Path

SLOT = "said = workers.get_worker_num()"
# The child of a fork lives on in `os.read` until the test lets go of its end of the pipe.
FORK = """
    said = workers.get_worker_num()
    if os.fork() == 0:
        os.close(0), os.close(1)
        os.read({pipe}, 1)
        os._exit(0)
"""


def named(env: dict[str, str], worker: str, **more: str) -> dict[str, str]:
    return {**env, "PYTEST_XDIST_WORKER": worker, **more}


@pytest.mark.parametrize(
    ("worker", "slot"), [("gw0", 0), ("gw3", 3), ("gw21", 0), ("master", 0), ("", 0), ("other", 0)]
)
def test_on_an_idle_machine_the_slot_is_the_number_of_the_worker(env: dict[str, str], worker: str, slot: int) -> None:
    assert say(SLOT, named(env, worker)) == slot


def test_a_large_run_has_familiar_numbers_too(env: dict[str, str]) -> None:
    assert say(SLOT, named(env, "gw21", PYTEST_XDIST_WORKER_COUNT="24")) == 21


def test_the_slot_stays_the_same_whatever_a_test_does_to_the_environment(env: dict[str, str]) -> None:
    code = """
        said = [workers.get_worker_num()]
        os.environ["PYTEST_XDIST_WORKER"] = "gw7"
        said.append(workers.get_worker_num())
    """

    assert say(code, named(env, "gw2")) == [2, 2]


def test_processes_that_start_together_under_one_name_never_share(env: dict[str, str]) -> None:
    with holding(*[SLOT] * 6, env=named(env, "gw1")) as holders:
        assert sorted(holder.said for holder in holders) == [0, 1, 2, 3, 4, 5]


def test_the_threads_of_a_process_share_what_it_leases(env: dict[str, str], tmp_path: Path) -> None:
    code = """
        from concurrent.futures import ThreadPoolExecutor
        def everything(_):
            return [workers.get_worker_num(), workers.lease_port_block().first, str(workers.worker_tmp_path())]
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(everything, range(8)))
        said = [said[0]] if said == [said[0]] * 8 else said
    """
    said = say(code, {**env, "TMPDIR": str(tmp_path)})

    assert len(said) == 1


def test_the_slot_of_a_killed_process_is_taken_over(env: dict[str, str]) -> None:
    with holding(SLOT, env=env) as (holder,):
        assert holder.said == 0
        holder.kill()

        assert say(SLOT, env) == 0


def test_the_slot_of_a_process_that_left_without_a_word_is_taken_over(env: dict[str, str]) -> None:
    with holding(f"{SLOT}; print(said, flush=True); os._exit(3)", env=env) as (holder,):
        assert holder.said == 0
        assert holder.process.wait() == 3

        assert say(SLOT, env) == 0


def test_a_forked_child_does_not_keep_the_slot_of_a_dead_parent(env: dict[str, str]) -> None:
    reader, writer = os.pipe()
    try:
        with holding(FORK.format(pipe=reader), env=env, pass_fds=[reader]) as (parent,):
            parent.kill()

            assert say(SLOT, env) == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_forked_child_that_ends_does_not_take_the_slot_along(env: dict[str, str]) -> None:
    code = """
        said = workers.get_worker_num()
        if os.fork() == 0:
            from hermetic.workers import _lease
            _lease.release_slot()
            os._exit(0)
        os.wait()
    """
    with holding(code, env=env) as (parent,):
        assert parent.said == 0
        assert say(SLOT, env) == 1


def test_a_forked_child_sees_the_slot_of_its_parent_until_it_leases_its_own(env: dict[str, str]) -> None:
    code = """
        from hermetic.workers import _lease
        said = [workers.get_worker_num()]
        reader, writer = os.pipe()
        if os.fork() == 0:
            seen = workers.get_worker_num()
            _lease.release_slot()
            os.write(writer, json.dumps([seen, workers.get_worker_num()]).encode())
            os._exit(0)
        os.wait()
        said += json.loads(os.read(reader, 100))
    """
    assert say(code, env) == [0, 0, 1]


@pytest.mark.parametrize("close_fds", [True, False])
def test_a_program_that_the_owner_starts_does_not_keep_the_slot(env: dict[str, str], *, close_fds: bool) -> None:
    code = f"""
        import subprocess
        said = workers.get_worker_num()
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdout=subprocess.DEVNULL, close_fds={close_fds})
        print(child.pid, flush=True)
    """
    with holding(code, env=env) as (owner,):
        child = owner.said
        owner.process.kill()
        owner.process.wait()
        os.kill(child, 0)  # it lives: its standard input is still open

        assert say(SLOT, env) == 0


def test_a_released_slot_can_be_leased_again(env: dict[str, str]) -> None:
    code = """
        from hermetic.workers import _lease
        workers.get_worker_num()
        _lease.release_slot()
        said = True
    """
    with holding(code, env=env) as (first,):
        assert first.said
        assert say(SLOT, env) == 0


def test_when_every_slot_is_leased_the_error_says_what_to_do(env: dict[str, str]) -> None:
    code = "from hermetic.workers import _lease; _lease.SLOTS = 2; said = workers.get_worker_num()"
    with holding(code, code, env=env) as holders:
        assert sorted(holder.said for holder in holders) == [0, 1]

        error = say(code, env)

    assert error["error"] == "LeaseError"
    assert "all 2 slots" in error["message"]
    assert "HERMETIC_LEASE_DIR" in error["message"]


def test_leases_do_not_depend_on_the_temporary_folder_of_the_caller(tmp_path: Path) -> None:
    code = "from hermetic.workers._place import lease_folder; said = lease_folder()"
    env = environment(tmp_path)
    del env["HERMETIC_LEASE_DIR"]

    assert say(code, {**env, "TMPDIR": str(tmp_path)}) == say(code, {**env, "XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_test_that_changes_the_folder_does_not_change_where_leases_are(tmp_path: Path) -> None:
    code = """
        things = workers.OncePerRun("run")
        things.take_part()
        os.chdir("/")
        said = [things.get("thing", lambda: 1), things.finish()]
    """
    assert say(code, environment(tmp_path, HERMETIC_LEASE_DIR="."), cwd=tmp_path) == [1, []]


def folder_of(tmp_path: Path) -> Path:
    return tmp_path / f"hermetic-{os.geteuid()}"


def test_the_folder_of_the_leases_is_for_its_user_only(tmp_path: Path, env: dict[str, str]) -> None:
    # A umask that takes everything away must not make it useless, one that allows everything must not open it.
    for umask in (0o777, 0o000):
        shutil.rmtree(folder_of(tmp_path), ignore_errors=True)

        assert say(f"os.umask({umask}); {SLOT}", env) == 0
        assert folder_of(tmp_path).stat().st_mode & 0o777 == 0o700


def plant_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder_of(tmp_path).symlink_to(tmp_path / "elsewhere")


def plant_file(tmp_path: Path) -> None:
    folder_of(tmp_path).touch()


def plant_open_folder(tmp_path: Path) -> None:
    folder_of(tmp_path).mkdir()
    folder_of(tmp_path).chmod(0o777)


def plant_lock_that_is_a_link(tmp_path: Path) -> None:
    folder_of(tmp_path).mkdir(mode=0o700)
    (folder_of(tmp_path) / "slot-0.lock").symlink_to(tmp_path / "elsewhere")


def remove_parent(tmp_path: Path) -> None:
    tmp_path.rmdir()


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (plant_link, "it is a symbolic link"),
        (plant_file, "it is not a folder"),
        (plant_open_folder, "others may write in it"),
        (plant_lock_that_is_a_link, "Too many levels of symbolic links"),
        (remove_parent, "No such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_trusted_is_refused_with_the_reason(tmp_path: Path, plant: object, reason: str) -> None:
    leases = tmp_path / "leases"
    leases.mkdir()
    plant(leases)  # type: ignore[operator]

    error = say(SLOT, environment(leases))

    assert error["error"] == "LeaseError"
    assert str(folder_of(leases)) in error["message"]
    assert reason in error["message"]
    assert "HERMETIC_LEASE_DIR=" in error["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    folder_of(tmp_path).mkdir(mode=0o700)
    os.chown(folder_of(tmp_path), 12_345, 12_345)

    assert "it belongs to user 12345, not to user 0" in say(SLOT, env)["message"]


def test_a_folder_without_write_permission_is_named(tmp_path: Path, env: dict[str, str]) -> None:
    tmp_path.chmod(0o555)
    try:
        # Permissions do not bind root, so root becomes someone else first, with all modules loaded.
        become = "from hermetic.workers import names; os.geteuid() or os.seteuid(65534)"
        error = say(f"{become}; {SLOT}", env)
    finally:
        tmp_path.chmod(0o700)

    assert error["error"] == "LeaseError"
    assert "Permission denied" in error["message"]


def test_a_full_disk_and_a_read_only_one_are_named(tmp_path: Path) -> None:
    # Four inodes: the root of the file system, the user's folder, and two files. Inode 4 is for nobody.
    script = """
        mount -t tmpfs -o nr_inodes=4,size=64k none "$1" || exit 77
        export HERMETIC_LEASE_DIR="$1"
        "$2" -c "$3" && mount -o remount,ro none "$1" && HERMETIC_LEASE_DIR="$1" "$2" -c "$4"
    """
    fill = """
from hermetic.workers import _lease, LeaseError
import sys
_lease.lease_slot(); _lease._lease.slot = None; _lease.lease_slot(); _lease._lease.slot = None
try:
    _lease.lease_slot(); _lease._lease.slot = None; _lease.lease_slot()
except LeaseError as error:
    print(error)
"""
    read_only = """
from hermetic import workers
try:
    workers.get_worker_num()
except workers.LeaseError as error:
    print(error)
"""
    unshare = ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", str(tmp_path), sys.executable, fill, read_only],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    full, read = done.stdout.splitlines()

    assert "No space left on device" in full
    assert "Read-only file system" in read


def test_who_waits_for_a_lock_gets_it_on_the_file_that_has_the_name(tmp_path: Path) -> None:
    path = tmp_path / "some.lock"
    first = _locks.acquire(str(path))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(_locks.acquire, str(path))
        time.sleep(0.2)
        assert not waiting.done()
        path.unlink()  # as the last one out does, while it holds the lock
        first.release()
        second = waiting.result()

    # A lock on the file that is gone would keep nobody out.
    assert _locks.try_acquire(str(path)) is None
    second.release()


def test_those_who_share_a_lock_keep_others_out(tmp_path: Path) -> None:
    path = str(tmp_path / "some.lock")
    readers = [_locks.acquire(path, shared=True) for _ in range(2)]

    readers[0].release()
    assert _locks.try_acquire(path) is None

    readers[1].release()
    alone = _locks.try_acquire(path)
    assert alone is not None
    alone.release()


def test_a_holder_reports_errors_of_its_code(env: dict[str, str]) -> None:
    # The helper itself: a process that dies of something else must not look like one that says nothing.
    holder = Holder("raise ZeroDivisionError", env, stderr=subprocess.DEVNULL)

    assert holder.process.wait() == 1
    holder.process.communicate()
