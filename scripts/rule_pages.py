"""The rule pages, as Markdown; `generate.py` writes them."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hermetic import config
from hermetic.catalogue import registry
from hermetic.catalogue.rule import LINT
from hermetic.config import OPTIONS, PRESETS
from hermetic.lint import selection
from hermetic.lint.engine import Engine
from hermetic.source.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from hermetic.catalogue.rule import Example, Rule

REQUIRED = ("Why it breaks", "Do this instead")
SECTIONS = (*REQUIRED, "Options", "Limits")
FIXES = "../adopting.md#let-hermetic-repair"
PLACEHOLDER = "FILL IN"
FAMILIES = {
    "0": "Reading files",
    "1": "Process state",
    "2": "Application overrides",
    "3": "Mocks",
    "4": "Fixtures",
    "5": "Shared resources",
    "6": "Global state",
    "7": "Collection and order",
    "8": "Project literals",
    "9": "Enforcement itself",
}
HARMS = {
    "forward": "a test that passes alone fails in file order.",
    "reverse": "a test that passes alone fails in reverse order.",
    "fails": "a test fails.",
    "state": "the state is not what it was before the run.",
}
# What a page says where the rule's docstring has no such section: each page has the same headings.
ABSENT = {
    "Options": "None of its own. [`[tool.hermetic]`](../reference/commands.md#toolhermetic) selects and excuses.",
    "Limits": "None is known.",
}
CODE_SPAN = re.compile(r"(?s)(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


class IncompleteError(ValueError):
    """A rule lacks something that its page needs; the message says what."""


def sections(rule: type[Rule]) -> dict[str, str]:
    """Return a rule's docstring as `title` and its named sections.

    Raises `IncompleteError` when a section is missing, unknown or there twice, and for text that is in no section.
    """
    title, _, rest = inspect.cleandoc(rule.__doc__ or "").partition("\n")
    if title.removesuffix(":") in SECTIONS:
        raise IncompleteError("the docstring lacks 'title'")
    found = {"title": title.strip()}
    current = ""
    previous = ""
    for line in rest.splitlines():
        name = line.removesuffix(":") if not previous and re.fullmatch(r"[A-Z][a-z]*( [a-z]+){0,3}:", line) else ""
        if name in found:
            raise IncompleteError(f"the docstring has the section {name!r} twice")
        if name and name not in SECTIONS:
            raise IncompleteError(f"the docstring has a section {name!r}; sections are {', '.join(SECTIONS)}")
        if name:
            current = name
            found[current] = ""
        elif current:
            found[current] += line + "\n"
        elif line:
            raise IncompleteError(
                f"the docstring's title is its first line alone, then come sections; found {line.strip()!r}"
            )
        previous = line
    missing = [name for name in ("title", *REQUIRED) if not found.get(name, "").strip()]
    if missing:
        raise IncompleteError(f"the docstring lacks {', '.join(repr(name) for name in missing)}")
    return {name: text.strip() for name, text in found.items()}


def check_complete(rule: type[Rule]) -> None:
    """Raise `IncompleteError` when a rule lacks a family or an example, or still holds a placeholder."""
    if not rule.symptoms:
        raise IncompleteError("the rule names no symptom: what somebody would search for who does not know it")
    if not rule.bad or not rule.good:
        raise IncompleteError(f"the rule has no {'good' if rule.bad else 'bad'} example")
    if rule.code[3:4] not in FAMILIES:
        raise IncompleteError(f"the code {rule.code} belongs to no family")
    unknown = [preset for preset in rule.presets if preset not in PRESETS]
    if unknown:
        raise IncompleteError(f"no such preset: {', '.join(unknown)}; presets are {', '.join(PRESETS)}")
    texts = [
        rule.__doc__ or "",
        rule.message,
        *rule.symptoms,
        *(example.title + example.why for example in (*rule.bad, *rule.good)),
    ]
    texts += [source for example in (*rule.bad, *rule.good) for source in example.files.values()]
    if any(PLACEHOLDER in text for text in texts):
        raise IncompleteError(f"a placeholder ({PLACEHOLDER}) is still there")


def page(rule: type[Rule], known: dict[str, str]) -> str:
    """Return a rule's page; `known` holds the name of every rule by its code.

    Raises `IncompleteError` when the rule lacks something that the page needs.
    """
    check_complete(rule)
    doc = sections(rule)
    lines = [*found_by(rule), f"# {rule.code} {rule.name}", "", prose(doc["title"]), ""]
    lines += ['!!! failure "Message"', "", f"    {code_span(f'{rule.code} {measured_message(rule)}')}", ""]
    if rule.repair:
        lines += [f"**Repair:** {rule.repair}.", ""]
    if rule.fixed_by:
        lines += [f"**Fix:** {prose(repaired(rule))} [`hermetic check --fix`]({FIXES}) does it where that is safe.", ""]
    for label, example in (("Bad", rule.bad[0]), ("Good", rule.good[0])):
        lines += [f'=== "{label}"', "", *indented(example_lines(rule, example)), ""]
    lines += ["## Symptoms", "", *(f"- {prose(symptom)}" for symptom in rule.symptoms), ""]
    lines += [*caught_by(rule), ""]
    for section in SECTIONS:
        lines += [f"## {section}", "", prose(doc.get(section, ABSENT.get(section, ""))), ""]
        if section == "Do this instead":
            lines += more_examples(rule)
    related = [f"- [{code} {known[code]}]({code}.md)" for code in rule.related if code in known]
    lines += ["## Related rules", "", *(related or ["None."]), ""]
    return "\n".join(lines).rstrip() + "\n"


def repaired(rule: type[Rule]) -> str:
    """Return what the fixes of a rule do: the first line of their module."""
    return inspect.cleandoc(importlib.import_module(rule.fixed_by).__doc__ or "").partition("\n")[0]


def found_by(rule: type[Rule]) -> list[str]:
    """Return the head of a page: tags, which count most in a search; they are not shown, since the text says them."""
    words = (rule.code, rule.name, *rule.symptoms)
    return ["---", "hide:", "  - tags", "tags:", *(f"  - {json.dumps(word)}" for word in words), "---", ""]


def caught_by(rule: type[Rule]) -> list[str]:
    """Return the part about the layers: those that claim the rule, and why the others do not."""
    claims = ", ".join(rule.claims) or "no layer yet"
    lines = ["## Caught by", "", f"**Layers:** {claims}. **Presets:** {', '.join(rule.presets)}."]
    lines += ["", *(f"- not {layer}: {prose(why)}" for layer, why in rule.no_claims.items())] if rule.no_claims else []
    return [*lines, "", "[Enforcement](../enforcement.md) shows the layers and their gaps side by side."]


def measured_message(rule: type[Rule]) -> str:
    """Return the message that the first bad example gets: where lint claims it, by running the rule."""
    if LINT not in (rule.bad[0].claims or rule.claims):
        return rule.message
    found = messages(rule(), rule.bad[0])
    if not found:
        raise IncompleteError("the check finds nothing in the first bad example")
    return found[0]


def messages(rule: Rule, example: Example) -> list[str]:
    """Return the messages of a rule for an example, which is written to a scratch folder."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path, source in example.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source, encoding="utf-8")
        if rule.code in registry.ENGINE_CODES:
            return engine_messages(rule.code, root, example)
        options = {name: default for name, (default, _) in OPTIONS.items()}
        project = Project(str(root), frozenset(PRESETS), options)
        found = []
        for path, source in example.files.items():
            if path.endswith(".py"):
                module = project.parsed(project.open(str(root / path), source.encode()))
                found += [item.message.replace(f"{root}/", "") for item in rule.check(module, project)]
        return found


def engine_messages(code: str, root: Path, example: Example) -> list[str]:
    """Return the messages with a code that the engine itself gives for the files of an example below `root`."""
    settings = config.Settings(str(root))
    settings.select = ("ALL",)
    entries = [registry.entry_of(rule) for rule in registry.walked()]
    engine = Engine(settings, selection.choose(entries, settings))
    found = engine.check([str(root / path) for path in example.files])
    return [item.message for item in found if item.code == code]


def more_examples(rule: type[Rule]) -> list[str]:
    """Return the examples beyond the first of each kind."""
    lines = []
    for label, examples in (("Also bad", rule.bad[1:]), ("Also good", rule.good[1:])):
        if examples:
            lines += [f"### {label}", ""]
        for example in examples:
            lines += [f'??? example "{prose(example.title)}"', "", *indented(example_lines(rule, example)), ""]
    return lines


def example_lines(rule: type[Rule], example: Example) -> list[str]:
    """Return the fences of an example, and below a bad one what harm it does."""
    lines = []
    role = f'.bad data-rule="{rule.code}"' if example in rule.bad else ".good"
    for path, source in example.files.items():
        language = "python" if path.endswith(".py") else "text"
        fence = "`" * max(3, 1 + max(map(len, re.findall("`{3,}", source)), default=0))
        head = f'{{ .{language} {role} title="{path}" }}'
        lines += [f"{fence}{head}", *source.rstrip().splitlines(), fence, ""]
    if example in rule.bad:
        shown = example.harm in HARMS
        harm = f"Run with plain pytest, {HARMS[example.harm]}" if shown else f"No harm is shown: {example.why}"
        lines += [prose(harm.rstrip(".") + "."), ""]
        if example.claims and example.claims != rule.claims:
            lines += [f"Caught by: {', '.join(example.claims)}.", ""]
    return lines[:-1]


def indented(lines: list[str]) -> list[str]:
    """Return lines indented for a tab or an admonition."""
    return [f"    {line}".rstrip() for line in lines]


PURPOSES = """\
A preset is a selection by purpose. `recommended` is the default: what breaks a suite that is shuffled or run in
parallel. `memory` is about mocks that hold memory. `project` holds what each project decides for itself, and says
more of what is doubtful: `extend-select = ["project"]` in `[tool.hermetic]` adds it."""


def table_page(rules: list[type[Rule]]) -> str:
    """Return the table of all rules."""
    lines = [
        "# Rules",
        "",
        "Every rule that hermetic checks, by family. A code is stable once it has been released.",
        "",
        PURPOSES,
        "",
    ]
    for digit, family in FAMILIES.items():
        mine = [rule for rule in rules if rule.code[3:4] == digit]
        if not mine:
            continue
        lines += [f"## {digit}xx {family}", "", "| rule | what it is about | presets | caught by |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [
            f"| [{rule.code}]({rule.code}.md) {rule.name} | {cell(sections(rule)['title'])} "
            f"| {', '.join(rule.presets)} | {', '.join(rule.claims)} |"
            for rule in mine
        ]
        lines.append("")
    lines += [
        "## By symptom",
        "",
        "What somebody sees, and the rule to look at first. The search of this site finds the same.",
        "",
    ]
    lines += ["| symptom | rule |", "| --- | --- |"]
    rows = [(symptom, rule) for rule in rules for symptom in rule.symptoms]
    lines += [
        f"| {cell(symptom)} | [{rule.code}]({rule.code}.md) {rule.name} |"
        for symptom, rule in sorted(rows, key=by_text)
    ]
    return "\n".join(lines).rstrip() + "\n"


def by_text(row: tuple[str, type[Rule]]) -> str:
    """Return what the table of symptoms is sorted by."""
    return row[0].lower()


def prose(text: str) -> str:
    """Return docstring text as Markdown that shows it as it stands: no HTML, and no bold for a dunder name.

    Code is left alone: code spans, and lines indented by four.
    """
    return outside_code(text, plain)


def cell(text: str) -> str:
    """Return text for a cell of a table: on one line, and with no bar that would end the cell."""
    return outside_code(" ".join(text.split()), lambda part: plain(part).replace("|", r"\|"))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return text with all that stands outside code spans changed."""
    parts = []
    end = 0
    for match in CODE_SPAN.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])


def plain(text: str) -> str:
    """Return text with what HTML and Markdown would swallow made plain."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.startswith("    "):
            safe = re.sub(r"&(?=#?\w+;)", "&amp;", line).replace("<", "&lt;")
            lines[number] = re.sub(r"\b__(\w+?)__\b", r"\\_\\_\1\\_\\_", safe)
    return "\n".join(lines)


def code_span(text: str) -> str:
    """Return text as a code span, whatever backticks it holds."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
