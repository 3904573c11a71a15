"""Scratch git repositories in which hooks are really installed and really run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tests.utils.lint import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hermetic.catalogue.rule import Example, Rule

ROOT = Path(__file__).parents[2]
CONFIG = ".pre-commit-config.yaml"


class Outcome(NamedTuple):
    """How a command ended, and all that it printed."""

    code: int
    output: str


def own_hooks() -> dict[str, dict[str, Any]]:
    """Return the local hooks of this repository, by id."""
    config = yaml.safe_load((ROOT / CONFIG).read_text(encoding="utf-8"))
    return {hook["id"]: hook for repo in config["repos"] if repo["repo"] == "local" for hook in repo["hooks"]}


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment less what a surrounding git or pre-commit says, with caches of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "SKIP"))}
    author = {f"GIT_{role}_{part}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return kept | author | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "XDG_CACHE_HOME": str(home / "cache"),
    }  # fmt: skip


class Repository:
    """A git repository below `folder`; with a hook it is installed as this repository installs it, alone."""

    def __init__(self, folder: Path, hook: str = "") -> None:
        self.path = folder / "repository"
        self.path.mkdir()
        self.environment = environment(folder)
        self.git("init", "--quiet")
        if hook:
            self.install(own_hooks()[hook])

    def install(self, hook: dict[str, Any]) -> None:
        """Commit a configuration with one hook, and let pre-commit install it."""
        # The entries name the tools of this repository's .venv.
        (self.path / ".venv").symlink_to(sys.prefix)
        (self.path / ".git/info/exclude").write_text(".venv\n", encoding="utf-8")
        self.write({CONFIG: yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]})})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Configure the hook")
        done = self.run(sys.executable, "-m", "pre_commit", "install")
        assert done.code == 0, done.output

    def run(self, *command: str) -> Outcome:
        """Run a command in the repository."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed, and return what it prints."""
        done = self.run("git", *arguments)
        assert done.code == 0, done.output
        return done.output.strip()

    def write(self, files: Mapping[str, str]) -> None:
        """Write `path: source` below the repository."""
        write_files(files, self.path)

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def commit(self, *options: str) -> Outcome:
        """Commit what is staged, through the hook."""
        return self.run("git", "commit", "--quiet", "--message=Change", *options)

    def commit_files(self, files: Mapping[str, str]) -> Outcome:
        """Write files, stage everything and commit, through the hook."""
        self.write(files)
        self.git("add", "--all")
        return self.commit()


def hazard(rule: type[Rule]) -> Example:
    """Return the first example of a rule in which the linter must find it."""
    return next(example for example in rule.bad if "lint" in (example.claims or rule.claims))
