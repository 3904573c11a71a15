"""The generated files are what the rules say, drift in each direction is noticed, and the pages render."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import markdown
import pytest
from mkdocs.config import load_config
from mkdocs.utils.meta import get_data

from hermetic.catalogue.process.environ_write import EnvironWrite
from hermetic.catalogue.registry import ENGINE_CODES, walked
from hermetic.catalogue.rule import Example, Rule
from hermetic.lint.own import OWN
from tests.utils.lint import lint_files
from tests.utils.scripts import ROOT, imported, run_in, scratch_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RULE = "src/hermetic/catalogue/process/environ_write.py"
INDEX = "src/hermetic/catalogue/_index.py"
PAGE = "docs/rules/HRM101.md"
RULES = [*OWN, *walked()]
REPAIR = "run: .venv/bin/python scripts/generate.py"

rule_pages: Any = imported("scripts/rule_pages.py")


@pytest.fixture(scope="module")
def generated_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with one rule, generated, which nobody changes."""
    copy = scratch_tree(tmp_path_factory.mktemp("generated"), keep={"process/environ_write.py"})
    done = run_in(copy, "scripts/generate.py")
    assert done.returncode == 0, done.stderr
    return copy


@pytest.fixture
def tree(generated_tree: Path, tmp_path: Path) -> Path:
    """A copy of the tree with one rule, generated."""
    return shutil.copytree(generated_tree, tmp_path, dirs_exist_ok=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def checked(tree: Path) -> list[str]:
    """Return what `--check` prints about a tree that has drifted."""
    done = run_in(tree, "scripts/generate.py", "--check")
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_committed_files_are_what_the_rules_say() -> None:
    done = run_in(ROOT, "scripts/generate.py", "--check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_code_that_a_finding_can_carry_has_a_page_that_the_table_links() -> None:
    codes = {*ENGINE_CODES, *(rule.code for rule in walked())}
    table = (ROOT / "docs/rules/index.md").read_text(encoding="utf-8").partition("## By symptom")[0]

    assert {path.stem for path in (ROOT / "docs/rules").glob("HRM*.md")} == codes
    assert sorted(re.findall(r"\[(HRM\d+)\]\(\1\.md\)", table)) == sorted(codes)
    assert {rule.code for rule in OWN} == ENGINE_CODES


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.code)
def test_the_examples_of_the_engines_own_findings_are_as_they_say(rule: type[Rule], tmp_path: Path) -> None:
    for example in rule.bad:
        found = lint_files(example.files, tmp_path, select=("recommended",))
        assert {(item.path, item.line, item.code) for item in found} == {
            (path, line, rule.code) for path, line in example.marks(rule.code)
        }
    for example in rule.good:
        assert lint_files(example.files, tmp_path, select=("recommended",)) == []


def test_a_missing_page_of_the_engines_own_is_noticed(tree: Path) -> None:
    (tree / "docs/rules/HRM001.md").unlink()

    assert checked(tree) == ["docs/rules/HRM001.md is missing", REPAIR]


def test_generating_twice_changes_nothing(tree: Path) -> None:
    before = contents(tree)

    done = run_in(tree, "scripts/generate.py")

    assert (done.returncode, done.stdout) == (0, "")
    assert contents(tree) == before


def test_a_check_writes_nothing(tree: Path) -> None:
    (tree / PAGE).unlink()
    before = contents(tree)

    checked(tree)

    assert contents(tree) == before


def test_a_changed_page_is_noticed(tree: Path) -> None:
    edit(tree / PAGE, "nothing puts it back", "something may put it back")

    assert checked(tree) == [f"{PAGE} is not as generated", REPAIR]


def test_a_page_with_other_line_ends_is_noticed(tree: Path) -> None:
    (tree / PAGE).write_bytes((tree / PAGE).read_bytes().replace(b"\n", b"\r\n"))

    assert checked(tree) == [f"{PAGE} is not as generated", REPAIR]


def test_a_missing_page_is_noticed(tree: Path) -> None:
    (tree / PAGE).unlink()

    assert checked(tree) == [f"{PAGE} is missing", REPAIR]


def test_a_page_without_a_rule_is_noticed_and_removed(tree: Path) -> None:
    (tree / "docs/rules/HRM199.md").touch()

    assert checked(tree) == ["docs/rules/HRM199.md belongs to no rule", REPAIR]
    assert run_in(tree, "scripts/generate.py").stdout == "removed docs/rules/HRM199.md\n"
    assert not (tree / "docs/rules/HRM199.md").exists()


def test_a_changed_rule_is_noticed_in_its_page_the_table_and_the_index(tree: Path) -> None:
    edit(tree / RULE, 'name = "environ-write"', 'name = "environment-write"')

    drifted = {line.split()[0] for line in checked(tree)}

    assert {PAGE, "docs/rules/index.md", INDEX} <= drifted


@pytest.mark.parametrize("stale", ['"environ-write"', 'b"putenv"', '"recommended"', '"EnvironWrite"'])
def test_a_stale_index_is_noticed(tree: Path, stale: str) -> None:
    edit(tree / INDEX, stale, stale.replace("e", "f"))

    assert checked(tree) == [f"{INDEX} is not as generated", REPAIR]


def test_a_new_rule_is_noticed(tree: Path) -> None:
    second = (tree / RULE).read_text(encoding="utf-8").replace("HRM101", "HRM199").replace("environ-write", "second")
    (tree / RULE).with_name("second.py").write_text(second, encoding="utf-8")

    assert "docs/rules/HRM199.md is missing" in checked(tree)


def test_two_rules_with_one_code_are_an_error_that_names_both(tree: Path) -> None:
    (tree / RULE).with_name("second.py").write_text((tree / RULE).read_text(encoding="utf-8"), encoding="utf-8")

    done = run_in(tree, "scripts/generate.py")

    assert done.returncode == 2
    assert "HRM101 is the code of two rules" in done.stderr
    assert "process.environ_write" in done.stderr
    assert "process.second" in done.stderr


LACKS = {
    "why": ("    Why it breaks:\n", "", "found '`os.environ` belongs"),
    "repair": ("    Do this instead:\n", "", "lacks 'Do this instead'"),
    "title": ('    """A test writes the environment, and nothing puts it back.\n', '    """\n', "lacks 'title'"),
    "known-section": ("    Limits:\n", "    Limit:\n", "a section 'Limit'; sections are Why it breaks"),
    "one-of-each-section": ("    Limits:\n", "    Options:\n", "the section 'Options' twice"),
    "known-preset": (
        '    code = "HRM101"\n',
        '    code = "HRM101"\n    presets = ("memmory",)\n',
        "no such preset: memmory",
    ),
    "filled-in-text": ("nothing puts it back.", "nothing puts it back. FILL IN", "a placeholder"),
    "symptom": ("    symptoms = (", "    symptoms_ = (", "names no symptom"),
    "filled-in-example": ('"monkeypatch restores"', '"FILL IN"', "a placeholder"),
    "bad-examples": ("    bad = (", "    bad_ = (", "no bad example"),
    "good-examples": ("    good = (", "    good_ = (", "no good example"),
    "working-check": (
        '            items=("os.environ", "os.environb"),\n',
        "",
        "finds nothing in the first bad example",
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), LACKS.values(), ids=LACKS)
def test_a_rule_that_lacks_something_fails_with_its_file_named(tree: Path, old: str, new: str, problem: str) -> None:
    edit(tree / RULE, old, new)

    done = run_in(tree, "scripts/generate.py", "--check")

    assert done.returncode == 2
    assert done.stderr.startswith(f"{RULE}: HRM101: ")
    assert problem in done.stderr


def test_a_rule_that_is_not_complete_is_indexed_and_keeps_its_page(tree: Path) -> None:
    page = (tree / PAGE).read_text(encoding="utf-8")
    edit(tree / RULE, "    Do this instead:\n", "")
    edit(tree / RULE, 'b"putenv"', 'b"set_env"')

    done = run_in(tree, "scripts/generate.py")

    assert done.returncode == 2
    assert 'b"set_env"' in (tree / INDEX).read_text(encoding="utf-8")
    assert (tree / PAGE).read_text(encoding="utf-8") == page


def test_the_order_of_files_does_not_matter(tree: Path) -> None:
    second = (tree / RULE).read_text(encoding="utf-8").replace("HRM101", "HRM199").replace("environ-write", "second")
    tables = []
    for name in ("a_second.py", "z_second.py"):
        (tree / RULE).with_name(name).write_text(second, encoding="utf-8")
        assert run_in(tree, "scripts/generate.py").returncode == 0
        codes = re.findall(r"HRM\d+", (tree / INDEX).read_text(encoding="utf-8"))
        tables.append((codes, (tree / "docs/rules/index.md").read_text(encoding="utf-8")))
        (tree / RULE).with_name(name).unlink()

    assert tables[0] == tables[1]
    assert tables[0][0] == ["HRM101", "HRM199"]


class Tricky(Rule):
    """A `dict | None` or a | b is <shown>, by `__init__` and __init__ &amp; more.

    Why it breaks:
    List<int> is no tag, `List<str>` neither, and ``a ` b`` is code.

    Do this instead:
    Write `x | y`.
    """

    code = "HRM199"
    name = "tricky"
    message = "unused"
    symptoms = ("a <b> is | shown", "__init__ is missing")
    bad = (
        Example(
            'a "quoted" <title>',
            {"test_a.py": 'assert "<b>" < "```"  # <- HRM199\n', "notes.txt": "```\n</code> & | __all__\n"},
            harm="none",
            why="it is <made up>",
            claims=("guard",),
        ),
    ) * 2
    good = (Example("nothing is wrong", {"test_b.py": "def test_b():\n    pass\n"}),) * 2
    no_claims: Mapping[str, str] = {"lint": "nothing <static> to see"}
    related = ("HRM101", "HRM999")


class Text(HTMLParser):
    """The text that a reader sees, and the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = dict(attrs).get("class") or ""
        self.elements.append(f"{tag}.{classes.split()[0]}" if classes else tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(page: str) -> Text:
    """Return a page as the site's own extensions render it."""
    settings = load_config(str(ROOT / "mkdocs.yml"))
    page, _ = get_data(page)
    return Text(
        markdown.markdown(page, extensions=settings.markdown_extensions, extension_configs=settings.mdx_configs)
    )


def test_a_page_shows_text_as_it_stands() -> None:
    shown = rendered(rule_pages.page(Tricky, {"HRM101": "environ-write"}))

    assert "A dict | None or a | b is <shown>, by __init__ and __init__ &amp; more." in shown.text
    assert "List<int> is no tag, List<str> neither, and a ` b is code." in shown.text
    assert 'a "quoted" <title>' in shown.text
    assert 'assert "<b>" < "```"  # <- HRM199' in shown.text
    assert "</code> & | __all__" in shown.text
    assert "No harm is shown: it is <made up>." in shown.text
    assert "Caught by: guard." in shown.text
    assert "a <b> is | shown" in shown.text
    assert "__init__ is missing" in shown.text
    assert "lint: nothing <static> to see" in shown.text
    assert "HRM101 environ-write" in shown.text
    assert "HRM999" not in shown.text


def test_the_table_shows_text_as_it_stands() -> None:
    shown = rendered(rule_pages.table_page([EnvironWrite, Tricky]))

    assert "A dict | None or a | b is <shown>, by __init__ and __init__ &amp; more." in shown.text
    assert shown.elements.count("td") == 2 * 4 + 2 * (len(EnvironWrite.symptoms) + len(Tricky.symptoms))
    assert "a <b> is | shown" in shown.text


@pytest.mark.parametrize("text", ["a `b` c", "`a`", "``", "a", "`", "a ``b`` `c`"])
def test_a_message_is_shown_whatever_backticks_it_holds(text: str) -> None:
    shown = rendered(rule_pages.code_span(text))

    assert shown.text == text
    assert "code" in shown.elements


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_renders_with_the_extensions_of_the_site(rule: type[Rule]) -> None:
    shown = rendered(rule_pages.page(rule, {}))

    lines = [line.strip() for line in shown.text.splitlines()]
    assert [line for line in lines if line.startswith(('=== "', "??? ", "!!! ", "```"))] == []
    assert shown.elements.count("details.example") == len(rule.bad) + len(rule.good) - 2
    assert "div.admonition" in shown.elements
    assert "div.tabbed-set" in shown.elements


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_shows_every_example_with_its_marks(rule: type[Rule]) -> None:
    marks = sum(len(example.marks(rule.code)) for example in rule.bad)

    shown = rendered(rule_pages.page(rule, {})).text

    assert shown.count(f"# <- {rule.code}") == marks > 0
    for example in (*rule.bad, *rule.good):
        for source in example.files.values():
            assert source.rstrip() in shown


HEADINGS = ["Symptoms", "Caught by", "Why it breaks", "Do this instead", "Options", "Limits", "Related rules"]


def test_every_page_of_a_rule_has_the_same_headings_in_the_same_order() -> None:
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs/rules").glob("HRM*.md"))]

    assert len(pages) == len(RULES)
    assert [re.findall(r"(?m)^## (.+)$", page) for page in pages] == [HEADINGS] * len(pages)


def test_the_table_of_symptoms_has_each_symptom_of_each_rule() -> None:
    table = (ROOT / "docs/rules/index.md").read_text(encoding="utf-8").partition("## By symptom")[2]

    assert sum(len(rule.symptoms) for rule in RULES) == table.count("](HRM")
    assert all(f"](HRM{rule.code[3:]}.md)" in table for rule in RULES)
