"""Whether a function asks for the result of each job that it gives an executor: `[job.result() for job in jobs]`."""

from __future__ import annotations

import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

LISTS = (ast.ListComp, ast.List)


def asks_for_each(scope: Scope, executor: str) -> bool:
    """Tell whether all that a function does with an executor of its own is to submit jobs whose results it asks for.

    A result that is asked for with a time limit may not have come.
    """
    kept = [jobs_of(scope, call) for call in scope.kept(ast.Call) if owner(call, "submit") == executor]
    if not kept or scope.module.text(scope).count(executor.encode()) != len(kept) + 1:
        return False
    asked = set(asked_for(scope))
    return all(jobs and jobs in asked for jobs in kept)


def is_asked_at_once(scope: Scope, made: ast.Call) -> bool:
    """Tell whether an executor is made for one job, whose result is asked for on the spot."""
    calls = [parent for _, parent in scope.ancestors(made) if isinstance(parent, ast.Call)][:2]
    methods = [call.func.attr for call in calls if isinstance(call.func, ast.Attribute)]
    asked = calls[-1] if methods == ["submit", "result"] else None
    return asked is not None and not asked.args and not asked.keywords


def jobs_of(scope: Scope, call: ast.Call) -> str:
    """Return the name of the job, or of the list of jobs, that a call gives; "" where it is kept in another way."""
    for child, parent in scope.ancestors(call):
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            return getattr(parent.targets[0], "id", "")
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            return getattr(parent.func.value, "id", "") if parent.func.attr == "append" else ""
        if not isinstance(parent, LISTS) or child is not call:
            return ""
    return ""


def asked_for(scope: Scope) -> Iterator[str]:
    """Yield the names of jobs whose `result()` is asked for, and of lists of which each job's is."""
    for call in scope.kept(ast.Call):
        job = owner(call, "result") if not call.args and not call.keywords else ""
        if job:
            yield job
        for binding in scope.bindings.get(job, ()):
            jobs = binding.value if binding.kind == "for" else None
            yield getattr(jobs.args[0] if isinstance(jobs, ast.Call) and jobs.args else jobs, "id", "")


def owner(call: ast.Call, method: str) -> str:
    """Return the name of the variable whose method is called; "" for any other call."""
    function = call.func
    return getattr(function.value, "id", "") if isinstance(function, ast.Attribute) and function.attr == method else ""
