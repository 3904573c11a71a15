"""Whether a function asks for the result of each job that it gives an executor: `[job.result() for job in jobs]`."""

from __future__ import annotations

import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermetic.source.scope import Scope

LISTS = (ast.ListComp, ast.List)


def asks_for_each(scope: Scope, executor: str) -> bool:
    """Tell whether all that a function does with an executor of its own is to submit jobs whose results it asks for."""
    submitted = [call for call in scope.kept(ast.Call) if owner(call, "submit") == executor]
    if not submitted or scope.module.text(scope).count(executor.encode()) != len(submitted) + 1:
        return False
    asked = set(asked_for(scope))
    return all(is_asked_at_once(scope, call) or jobs_of(scope, call) in asked for call in submitted)


def is_asked_at_once(scope: Scope, call: ast.Call) -> bool:
    """Tell whether the result of the job that a call gives is asked for on the spot: `pool.submit(...).result()`."""
    around = [parent for _, parent in scope.ancestors(call)][:2]
    asked = around[1] if len(around) > 1 and getattr(around[0], "attr", "") == "result" else None
    return isinstance(asked, ast.Call) and has_come(scope, asked)


def has_come(scope: Scope, asked: ast.Call) -> bool:
    """Tell whether a result that is asked for has come when the test goes on.

    One that has not come within a written time limit fails the test, unless a `with` or `try` around may expect that.
    """
    limits = [*asked.args, *(keyword.value for keyword in asked.keywords)]
    if not all(isinstance(limit, ast.Constant) for limit in limits):
        return False
    return not limits or not any(isinstance(parent, (ast.With, ast.Try)) for _, parent in scope.ancestors(asked))


def is_made_for_one_job(scope: Scope, made: ast.Call) -> bool:
    """Tell whether an executor is made for one job, whose result is asked for on the spot."""
    call = next((parent for _, parent in scope.ancestors(made) if isinstance(parent, ast.Call)), None)
    function = call.func if call is not None else None
    if call is None or not isinstance(function, ast.Attribute) or function.value is not made:
        return False
    return function.attr == "submit" and is_asked_at_once(scope, call)


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
        job = owner(call, "result") if has_come(scope, call) else ""
        if job:
            yield job
        for jobs in (binding.value for binding in scope.bindings.get(job, ()) if binding.kind == "for"):
            listed = jobs.args[0] if isinstance(jobs, ast.Call) and jobs.args else jobs  # as_completed(jobs)
            if isinstance(listed, ast.Name):
                yield listed.id


def owner(call: ast.Call, method: str) -> str:
    """Return the name of the variable whose method is called; "" for any other call."""
    function = call.func
    return getattr(function.value, "id", "") if isinstance(function, ast.Attribute) and function.attr == method else ""
