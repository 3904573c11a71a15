"""The audit as one HTML file that needs nothing else: no script, no network, every name escaped."""

from __future__ import annotations

import linecache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from hermetic.audit import graph, leaks
from hermetic.audit.fixes import fixes, harmless
from hermetic.audit.schedule import shares_of
from hermetic.audit.summary import TITLES, count, nothing, passed, plural
from hermetic.audit.triage import CLASSES, COLLECTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hermetic.audit.audit import Audited
    from hermetic.audit.fixes import Fix
    from hermetic.audit.known import Known
    from hermetic.audit.triage import Verdict

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = (
    ":root{color-scheme:light dark;--text:#1b1b1b;--page:#fff;--block:#f3f3f3;--rule:#999;--kind:#e3e9f3;"
    "--bad:#b3261e;--well:#7aa874;--need:#1a5fb4}"
    "@media(prefers-color-scheme:dark){:root{--text:#e4e4e4;--page:#1b1d20;--block:#292c31;--rule:#666;--kind:#2f3b52;"
    "--bad:#f2867e;--well:#5b8a55;--need:#8ab4f8}}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;overflow-wrap:anywhere;"
    "color:var(--text);background:var(--page)}"
    "h1{font-size:1.6rem}h2{margin-top:2.2rem;border-bottom:1px solid var(--rule)}h3{margin-bottom:.2rem}"
    "table{border-collapse:collapse}"
    "th,td{border:1px solid var(--rule);padding:.2rem .6rem;text-align:left;vertical-align:top}"
    "code,pre{font:13px/1.5 ui-monospace,monospace}"
    "pre{background:var(--block);padding:.5rem;overflow-x:auto;white-space:pre-wrap;margin:.3rem 0}"
    "ol{padding-left:1.5rem}li{margin:.6rem 0}summary{cursor:pointer}"
    ".kind{background:var(--kind);padding:0 .4rem;border-radius:.3rem;white-space:nowrap}"
    "svg{width:100%;height:auto;background:var(--block);border:1px solid var(--rule)}"
    "svg text{font:12px ui-monospace,monospace;fill:var(--text)}"
    "path{fill:none;stroke-width:1.5}path.victim{stroke:var(--bad)}"
    "path.brittle{stroke:var(--need);stroke-dasharray:5 4}"
    "rect.well{fill:var(--well)}rect.bad{fill:var(--bad)}"
)


def render(found: Audited, project: str) -> str:
    """Return the page."""
    first = fixes(found, found.verdicts)
    title = f"hermetic audit: {escape(project)}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>',
        f"<body><h1>{title}</h1>",
        *overview(found),
        *collected(found.known),
        *first_things(found, [fix for fix in first if fix.kind != COLLECTION]),
        *drawn(found),
        *classes(found.verdicts),
        *left(found, first),
        *timelines(found.known),
        *runs(found.known),
    ]
    return "".join([*parts, "</body></html>\n"])


def overview(found: Audited) -> Iterator[str]:
    """Yield the figures, and what was left out."""
    yield f"<p>Tests: {escape(passed(found.known))}.</p><table><tbody>"
    numbers = {kind: sum(verdict.kind == kind for verdict in found.verdicts) for kind in CLASSES}
    numbers[COLLECTION] = len(found.known.broken)
    for kind, number in numbers.items():
        yield f"<tr><th>{escape(TITLES[kind][1])}</th><td>{number}</td></tr>"
    seen = leaks.together(found.known.guard, found.known.lint)
    yield f"<tr><th>findings of guard and linter</th><td>{len(seen)}</td></tr>"
    yield "</tbody></table>"
    if not found.is_whole:
        yield "<p><strong>The audit did not end.</strong></p>"
    if found.known.notes:
        yield f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in found.known.notes)}</ul>"


def first_things(found: Audited, first: list[Fix]) -> Iterator[str]:
    """Yield what to repair, what harms most first, each with its source line."""
    yield '<h2 id="first">What to repair first</h2>'
    if not first:
        yield f"<p>{escape(nothing(found).capitalize())}.</p>"
        return
    yield "<ol>"
    for fix in first:
        yield f'<li><code>{escape(fix.where)}</code> <span class="kind">{escape(fix.kind)}</span>'
        yield f" {plural(len(fix.tests))}<br>{escape(fix.what)}{source(fix.path, fix.line)}"
        if fix.repair:
            yield f"<div>Repair: {escape(fix.repair)}</div>"
        yield names(fix.tests)
        if fix.command:
            yield f"<pre>{escape(fix.command)}</pre>"
        yield "</li>"
    yield "</ol>"


def source(path: str, line: int) -> str:
    """Return the source line at a place, "" where it cannot be read."""
    text = linecache.getline(path, line).rstrip() if line else ""
    return f"<pre>{line} | {escape(text)}</pre>" if text.strip() else ""


def names(tests: Iterable[str]) -> str:
    """Return node ids, folded up."""
    items = [f"<li><code>{escape(test)}</code></li>" for test in tests]
    if not items:
        return ""
    return f"<details><summary>{plural(len(items))}</summary><ul>{''.join(items)}</ul></details>"


def collected(known: Known) -> Iterator[str]:
    """Yield why files cannot be collected, by kind."""
    if not known.broken:
        return
    yield "<h2>What cannot be collected</h2>"
    for kind, files in groupby(sorted(known.broken, key=lambda one: one.kind), key=lambda one: one.kind):
        yield f"<h3>{escape(kind)}</h3><ul>"
        for broken in files:
            yield f"<li><code>{escape(broken.path)}</code>: {escape(broken.message)}{source(broken.where, broken.line)}"
            yield f"<div>Repair: {escape(broken.repair)}</div>{names(broken.tests)}</li>"
        yield "</ul>"


def drawn(found: Audited) -> Iterator[str]:
    """Yield the graph of culprits and victims."""
    records = [record for verdict in found.verdicts for record in verdict.records]
    if not records:
        return
    yield "<h2>Who harms whom</h2><p>Left, tests that change something; right, tests that end otherwise after them: "
    yield "solid, they fail then; dashed, they pass only then.</p>"
    shown, more = graph.harm(records)
    yield shown
    if more:
        yield f"<p>{more} more are in the list below.</p>"


def classes(verdicts: list[Verdict]) -> Iterator[str]:
    """Yield each failing test with what shows its class, by class."""
    for kind in CLASSES:
        mine = [verdict for verdict in verdicts if verdict.kind == kind]
        if not mine:
            continue
        yield f"<h2>{escape(count(len(mine), kind))}</h2>"
        for verdict in mine:
            yield f"<details><summary><code>{escape(verdict.test)}</code> {escape(verdict.message)} "
            yield f'<span class="kind">{escape(verdict.cause)}</span></summary><ul>'
            yield "".join(f"<li>{escape(line)}</li>" for line in verdict.evidence)
            yield f"</ul>{source(verdict.path, verdict.line)}<pre>{escape(verdict.command)}</pre></details>"


def left(found: Audited, first: list[Fix]) -> Iterator[str]:
    """Yield what guard and linter saw, and that harms nothing so far."""
    items = harmless(found, first)
    if not items:
        return
    yield "<h2>Leaks that no failure goes back to so far</h2><ul>"
    for item in items:
        where = f"{item.path}:{item.line}" if item.line else item.path
        yield f"<li><code>{escape(where)}</code> {escape(item.code)} {escape(item.message)}"
        yield f"{source(item.path, item.line)}<div>Repair: {escape(item.repair)}</div></li>"
    yield "</ul>"


def timelines(known: Known) -> Iterator[str]:
    """Yield what workers did when."""
    for number, shares in groupby(shares_of(known.runs), key=lambda share: share.run):
        yield f"<h2>Workers in run {number}</h2>{graph.timeline(list(shares))}"


def runs(known: Known) -> Iterator[str]:
    """Yield the runs that were made."""
    yield "<h2>Runs</h2><table><thead><tr><th>run</th><th>tests</th><th>failed</th><th>seconds</th></tr></thead><tbody>"
    for run in known.runs:
        more = "" if run.is_whole else " (stopped)"
        yield f"<tr><td>{escape(run.spec.name)}{more}</td><td>{len(run.ends)}</td><td>{len(run.bad())}</td>"
        yield f"<td>{run.seconds:.1f}</td></tr>"
    yield "</tbody></table>"
