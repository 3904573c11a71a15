"""What kinds of nodes there are to speak of, for the type checker: nothing imports this when it runs."""

from __future__ import annotations

import _ast as ast

Placed = ast.stmt | ast.expr  # all that can be a change, or lead to one: it has lines and columns
Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda  # what has a scope
Store = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete  # what sets or deletes targets
