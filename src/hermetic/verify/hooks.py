"""The repository's pre-commit hooks: run by a real `git commit` of the plants, in the copy."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib import util
from typing import TYPE_CHECKING, Any, NamedTuple

from hermetic.lint.concerns import CONCERNS
from hermetic.verify import plant, texts
from hermetic.verify.matrix import Outcome
from hermetic.verify.scratch import last_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hermetic.verify.plant import Planted
    from hermetic.verify.scratch import Scratch

CONFIG = ".pre-commit-config.yaml"
IDS = tuple(concern.id for concern in CONCERNS)
OLD_STAGES = {"commit": "pre-commit", "push": "pre-push"}
NAME = "hermetic-verify-"
STATUS = re.compile(rf"^{NAME}(\d+)\.*(?:\(.*\))?(Passed|Failed|Skipped)$")
PLACE = re.compile(rf"[^\s:'\"(]*{plant.FOLDER}/[^\s:'\",)]*")
CODE = re.compile(r"\b[A-Z]{2,}\d{3,}\b")
CANNOT_FAIL = re.compile(r"\|\|\s*(?:true|:|exit 0)|;\s*(?:true|exit 0)|^\s*(?:true|/bin/true|:|echo)\b|--exit-zero")
ABSENT = re.compile(r"Executable `?.*`? not found|No module named|command not found|No such file or directory")
NO_CONFIG, NO_HOOK = f"there is no {CONFIG}", f"{CONFIG} has no hook of hermetic"
PATIENCE = 300.0  # seconds for a repository of hooks to be fetched and installed
PASSED, FAILED, SKIPPED = "Passed", "Failed", "Skipped"


class Hook(NamedTuple):
    """One hook of hermetic's in the configuration. `why` says why it cannot be run here."""

    number: int
    id: str
    entry: str
    repo: dict[str, Any]
    raw: dict[str, Any]
    stages: tuple[str, ...]
    line: int
    why: str = ""

    @property
    def is_manual(self) -> bool:
        """Tell whether no event of git runs it."""
        return bool(self.stages) and set(self.stages) <= {"manual"}

    @property
    def stage(self) -> str:
        """The event that runs it."""
        return "pre-commit" if not self.stages or "pre-commit" in self.stages else self.stages[0]

    def selectors(self) -> tuple[str, ...]:
        """Return the prefixes of the rules that it insists on; none where the configuration decides."""
        for concern in CONCERNS:
            named = re.search(rf"hermetic hook {re.escape(concern.id)}(\s|$)", self.entry)
            by_script = bool(concern.script) and concern.script in self.entry
            if concern.id == self.id or named or by_script:
                return concern.selectors
        return ()


class Ran(NamedTuple):
    """How a hook ended: its status, "" where it did not run, the codes by planted folder, and what it printed."""

    status: str
    codes: dict[str, frozenset[str]]
    output: str


class Hooks(NamedTuple):
    """What the configuration holds, and what became of each hook; `why` says why nothing could be run."""

    why: str
    text: str
    hooks: tuple[Hook, ...] = ()
    ran: dict[int, Ran] = {}  # noqa: RUF012 - never changed
    ms: float = 0.0


def read(scratch: Scratch) -> Hooks:
    """Return hermetic's hooks in the configuration of the copy."""
    text = texts.read(scratch.path, CONFIG)
    if not text:
        return Hooks(NO_CONFIG, "")
    try:
        config = texts.loaded(text, CONFIG)
    except texts.UnreadableError as error:
        return Hooks(str(error), text)
    if not isinstance(config, dict) or not isinstance(config.get("repos"), list):
        return Hooks(f"{CONFIG} has no list of repos; repair it", text)
    found: list[Hook] = []
    defaults = config.get("default_stages")
    for repo in config["repos"]:
        for raw in repo.get("hooks") or [] if isinstance(repo, dict) else []:
            if isinstance(raw, dict) and is_ours(raw):
                found.append(hook_of(len(found), repo, raw, defaults, text))
    return Hooks("" if found else NO_HOOK, text, tuple(found))


def is_ours(raw: dict[str, Any]) -> bool:
    """Tell whether a hook is one of hermetic's: by its id, or by what it runs."""
    entry = str(raw.get("entry", ""))
    return str(raw.get("id")) in IDS or "hermetic" in entry or any(c.script and c.script in entry for c in CONCERNS)


def hook_of(number: int, repo: dict[str, Any], raw: dict[str, Any], defaults: object, text: str) -> Hook:
    """Return one hook as the configuration has it."""
    stages = raw.get("stages", defaults)
    names = tuple(OLD_STAGES.get(str(name), str(name)) for name in stages) if isinstance(stages, list) else ()
    name = str(raw.get("id"))
    line = texts.line_of(text, rf"\bid:\s*['\"]?{re.escape(name)}['\"]?\s*($|[#,}}])")
    return Hook(number, name, str(raw.get("entry", "")), repo, raw, names, line)


def measure(scratch: Scratch, found: Hooks, plants: list[Planted]) -> Hooks:
    """Install the hooks in the copy, commit the plants, and return what each hook did."""
    if found.why:
        return found
    command = pre_commit()
    if not command:
        return found._replace(why=f"pre-commit is not installed; {texts.INSTALL}")
    if not scratch.is_git:
        return found._replace(why="there is no git repository, so no hook ever runs; type `git init`")
    usable = installed(scratch, command, found)
    here = tuple(hook for hook in usable if not hook.why)
    if not here:
        return found._replace(hooks=usable, why=usable[0].why)
    write_config(scratch, found.text, here)
    scratch.commit_all("Only the hooks that are measured")
    done = scratch.run(*command, "install")
    if done.code:
        return found._replace(hooks=usable, why=f"the hooks cannot be installed: {last_line(done.output)}")
    plant.put(scratch, plants)
    scratch.must("git", "add", "--all")
    done = scratch.run("git", "commit", "--quiet", "--message=Violations")
    ran = parsed(done.output, scratch, plants)
    for stage in sorted({hook.stage for hook in here if hook.stage != "pre-commit"} - {"manual"}):
        later = scratch.run(*command, "run", "--all-files", "--hook-stage", stage)
        ran |= {number: one for number, one in parsed(later.output, scratch, plants).items() if number not in ran}
    scratch.must("git", "reset", "--quiet")
    quiet = not ran and not all(hook.is_manual for hook in here)
    why = f"`git commit` does not run the hooks: {last_line(done.output)}" if quiet else ""
    return Hooks(why, found.text, usable, ran, 1000 * done.seconds)


def pre_commit() -> tuple[str, ...]:
    """Return the command of pre-commit, () where it is not installed."""
    if util.find_spec("pre_commit") is not None:
        return (sys.executable, "-m", "pre_commit")
    found = shutil.which("pre-commit")
    return (found,) if found else ()


def installed(scratch: Scratch, command: tuple[str, ...], found: Hooks) -> tuple[Hook, ...]:
    """Return the hooks, those that cannot be fetched or installed with the reason."""
    usable: list[Hook] = []
    whys: dict[int, str] = {}
    for hook in found.hooks:
        if id(hook.repo) not in whys:
            together = tuple(other for other in found.hooks if other.repo is hook.repo)
            write_config(scratch, found.text, together)
            scratch.commit_all("One repository of hooks")
            done = scratch.run(*command, "install-hooks", patience=PATIENCE)
            name = str(hook.repo.get("repo"))
            whys[id(hook.repo)] = f"the hooks of {name} cannot be installed: {told(done.output)}" if done.code else ""
        usable.append(hook._replace(why=whys[id(hook.repo)]))
    return tuple(usable)


def told(output: str) -> str:
    """Return the line of pre-commit's output that names the trouble."""
    lines = [line.strip() for line in output.splitlines()]
    wrong = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:", "==>", "=====>"))]
    return wrong[-1] if wrong else last_line(output)


def write_config(scratch: Scratch, text: str, hooks: Iterable[Hook]) -> None:
    """Write the repository's configuration with these hooks alone, each under a name that its output can be told by.

    A hook that fails must not keep the next one from running, so nothing fails fast.
    """
    config = {
        key: value
        for key, value in texts.loaded(text, CONFIG).items()
        if key not in {"repos", "fail_fast", "ci", "default_install_hook_types"}
    }
    repos: dict[int, dict[str, Any]] = {}
    for hook in hooks:
        repo = repos.setdefault(id(hook.repo), {**hook.repo, "hooks": []})
        address = os.path.join(scratch.original, str(repo["repo"]))
        if str(repo["repo"]).startswith(".") and os.path.isdir(address):
            repo["repo"] = os.path.abspath(address)
        mine = {key: value for key, value in hook.raw.items() if key != "fail_fast"}
        repo["hooks"].append({**mine, "name": f"{NAME}{hook.number}", "verbose": True})
    dumped = texts.yaml().safe_dump({**config, "repos": list(repos.values())}, sort_keys=False)
    scratch.write({CONFIG: dumped})


def parsed(output: str, scratch: Scratch, plants: list[Planted]) -> dict[int, Ran]:
    """Return by number what pre-commit prints of each hook."""
    sections: dict[int, tuple[str, list[str]]] = {}
    current: list[str] = []
    for line in output.splitlines():
        match = STATUS.match(line.rstrip())
        if match:
            current = []
            sections[int(match[1])] = (match[2], current)
        else:
            current.append(line)
    below = os.path.relpath(scratch.project, scratch.path)
    owners = {os.path.normpath(os.path.join(below, path)): one.folder for one in plants for path in one.paths}
    return {number: Ran(status, named(lines, owners), "\n".join(lines)) for number, (status, lines) in sections.items()}


def named(lines: list[str], owners: dict[str, str]) -> dict[str, frozenset[str]]:
    """Return by planted folder the codes that stand beside its paths: on the line, or on the one before."""
    found: dict[str, set[str]] = {}
    previous = ""
    for line in lines:
        for match in PLACE.finditer(line):
            folder = owners.get(os.path.normpath(match[0]))
            if folder:
                rest = line.replace(match[0], " ")
                found.setdefault(folder, set()).update(CODE.findall(rest) or CODE.findall(previous))
        previous = line
    return {folder: frozenset(codes) for folder, codes in found.items()}


def outcomes(found: Hooks, plants: list[Planted]) -> dict[str, Outcome]:
    """Return by folder what the hooks together stop: a code counts where the hook that names it failed."""
    if found.why:
        return {one.folder: Outcome(reason=found.why) for one in plants}
    share = found.ms / max(1, len(plants))
    stopped: dict[str, set[str]] = {one.folder: set() for one in plants}
    for ran in found.ran.values():
        if ran.status == FAILED:
            for folder, codes in ran.codes.items():
                stopped[folder] |= codes
    absent = [why for hook in found.hooks if (why := hook.why or cannot_run(found.ran.get(hook.number)))]
    result = {}
    for one in plants:
        codes = frozenset(stopped[one.folder])
        result[one.folder] = Outcome(codes, absent[0] if absent and one.code not in codes else "", share)
    return result


def cannot_run(ran: Ran | None) -> str:
    """Return why a hook that failed did not even start, "" where it did."""
    if ran is None or ran.status != FAILED or ran.codes:
        return ""
    match = ABSENT.search(ran.output)
    return f"the hook's command cannot be run here: {match[0]}" if match else ""
