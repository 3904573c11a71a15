"""The matrix as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hermetic.verify.matrix import LAYERS

if TYPE_CHECKING:
    from hermetic.verify.matrix import Cell
    from hermetic.verify.prove import Proof

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse}th,td{border:1px solid #999;padding:.2rem .6rem;text-align:left}"
    ".caught{background:#d8f0d8;color:#000}.missed{background:#f8d0d0;color:#000}"
    ".not-measured{background:#e8e8e8;color:#333}.unclaimed{color:#767676}"
)


def render(proof: Proof, repository: str) -> str:
    """Return the page: what was found, and who stops which example."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>hermetic verify: {escape(repository)}</title><style>{STYLE}</style></head><body>",
        f"<h1>hermetic verify: {escape(repository)}</h1>",
        *listed("Findings", [f"{one.path}:{one.line or '?'}: {one.code} {one.message}" for one in proof.findings]),
        *listed("False alarms", proof.alarms),
        *listed("Notes", proof.notes),
        "<h2>Who stops it</h2><table><thead><tr><th>rule</th><th>example</th>",
        *(f"<th>{layer}</th>" for layer in LAYERS),
        "</tr></thead><tbody>",
    ]
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in proof.cells:
        rows.setdefault((cell.rule, cell.example), {})[cell.layer] = cell
    for (rule, example), cells in rows.items():
        parts.append(f"<tr><th>{escape(rule)}</th><td>{escape(example)}</td>")
        parts += [shown(cells.get(layer)) for layer in LAYERS]
        parts.append("</tr>")
    return "".join([*parts, "</tbody></table></body></html>\n"])


def listed(title: str, lines: list[str]) -> list[str]:
    """Return a heading and a list, or a heading that says that there is nothing."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines) or "<li>none</li>"
    return [f"<h2>{escape(title)}</h2><ul>{items}</ul>"]


def shown(cell: Cell | None) -> str:
    """Return a cell of the table."""
    if cell is None or (not cell.claimed and cell.result != "caught"):
        return '<td class="unclaimed">not claimed</td>'
    title = escape(cell.reason or ", ".join(cell.codes), quote=True)
    return f'<td class="{cell.result}" title="{title}">{cell.result}</td>'
