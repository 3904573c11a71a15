"""The site in a real browser: it can be moved about in, searched, copied from and read by everybody."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.utils import browser as browsers
from tests.utils.scripts import ROOT

from hermetic.catalogue.registry import walked
from hermetic.lint.own import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.utils.browser import Browser

# One worker builds the site once and starts one browser.
pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(browsers.installed() is None, reason="no browser is installed; HERMETIC_BROWSER names one"),
]
RULES = [*OWN, *walked()]
WIDE, PHONE = 1280, 360  # CSS pixels
MAIN = [
    "",
    "start/",
    "rules/",
    "rules/HRM101/",
    "patterns/",
    "review/",
    "enforcement/",
    "reference/commands/",
    "measurements/",
    "measurements/precision/",
    "recent/",
]
SCHEME = "document.body.dataset.mdColorScheme"
SCHEMES = {"light": "default", "dark": "slate"}  # what the system prefers -> the name of the theme's colours
RESULTS = "[...document.querySelectorAll('.md-search-result__link')].map(each => new URL(each.href).pathname)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(site)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        port = re.search(r"port (\d+)", server.stdout.readline())
        assert port
        yield f"http://127.0.0.1:{port[1]}/"
        server.terminate()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    program = browsers.installed()
    assert program
    with browsers.Browser(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running: Browser, address: str) -> Browser:
    """The browser on the front page, with a wide screen, as on a first visit."""
    running.size(WIDE)
    running.prefer("light")
    running.forget(address)
    running.go(address)
    running.errors.clear()
    running.requests.clear()
    return running


def paths(site: Path) -> list[str]:
    """Every page of the site, as the end of its address."""
    found = (page.relative_to(site).as_posix() for page in sorted(site.rglob("index.html")))
    return [path.removesuffix("index.html") for path in found]


def search(browser: Browser, text: str) -> list[str]:
    """The pages that a search finds, the best first; sections count as their page."""
    browser.run("document.querySelector('.md-search__input').focus()")
    browser.type("~")  # finds nothing, so that what is found next is found by the text
    browser.until("!document.querySelector('.md-search-result__link')")
    browser.type(text)
    browser.until("document.querySelector('.md-search-result__link')?.href")
    return list(dict.fromkeys(browser.run(RESULTS)))


def test_the_navigation_leads_from_the_front_page_to_a_rule_and_to_its_neighbours(browser: Browser) -> None:
    browser.click("nav.md-nav--primary a[href='rules/']")
    browser.until("document.querySelector('h1')?.innerText == 'Rules'")

    browser.click("article a[href='HRM102/'], article a[href='../rules/HRM102/']")

    browser.until("document.querySelector('h1')?.innerText.startsWith('HRM102')")
    assert browser.run("location.pathname") == "/rules/HRM102/"


def test_the_menu_of_a_phone_opens_and_leads_to_a_page(browser: Browser, address: str) -> None:
    browser.size(PHONE)
    browser.go(address)

    browser.click("label.md-header__button[for=__drawer]")
    browser.until("document.querySelector('.md-sidebar--primary').getBoundingClientRect().x == 0")
    browser.click("nav.md-nav--primary a[href='review/']")

    browser.until("document.querySelector('h1')?.innerText == 'Review checklists'")


def test_a_search_finds_each_rule_first_by_its_code_and_by_its_name(browser: Browser) -> None:
    browser.click(".md-search__input")

    found = {(rule.code, word): search(browser, word)[0] for rule in RULES for word in (rule.code, rule.name)}

    assert {key: page for key, page in found.items() if page != f"/rules/{key[0]}/"} == {}


def test_a_search_finds_each_rule_among_the_first_three_by_each_of_its_symptoms(browser: Browser) -> None:
    browser.click(".md-search__input")

    found = {(rule.code, text): search(browser, text)[:3] for rule in RULES for text in rule.symptoms}

    assert {key: pages for key, pages in found.items() if f"/rules/{key[0]}/" not in pages} == {}


def test_a_copy_button_puts_the_whole_block_on_the_clipboard(browser: Browser, address: str) -> None:
    browser.allow_clipboard(address)
    browser.go(f"{address}start/")
    block = browser.run("document.querySelector('pre code').innerText")

    browser.click(".md-code__button[title='Copy to clipboard']")

    browser.until("document.querySelector('.md-dialog')?.innerText.includes('Copied')")
    assert browser.run("navigator.clipboard.readText()").strip() == block.strip()
    assert "def test_a_region_can_be_chosen" in block


def test_a_command_is_copied_without_the_prompt_before_it(browser: Browser, address: str) -> None:
    browser.allow_clipboard(address)
    browser.go(f"{address}start/")
    block = "document.querySelector('.gp').closest('.highlight')"
    button = f"{block}.querySelector('.md-code__button[title=\"Copy to clipboard\"]')"
    browser.run(f"{block}.scrollIntoView()")
    browser.until(f"{button} !== null")
    shown = browser.run(f"{block}.innerText")

    browser.run(f"{button}.click()")

    browser.until("document.querySelector('.md-dialog')?.innerText.includes('Copied')")
    assert "$ pytest -q --hermetic=off" in shown
    assert browser.run("navigator.clipboard.readText()").strip() == "pytest -q --hermetic=off test_region.py"


def test_every_block_of_code_can_be_copied(browser: Browser, address: str) -> None:
    browser.go(f"{address}patterns/")
    browser.until("document.querySelector('.md-code__button')")
    blocks = browser.run("document.querySelectorAll('.highlight').length")

    # A button is made when its block comes into view.
    browser.run("document.querySelectorAll('.highlight').forEach(each => each.scrollIntoView())")

    browser.until(f"document.querySelectorAll('.md-code__button[title=\"Copy to clipboard\"]').length == {blocks}")
    assert blocks > 40


def test_a_tab_shows_the_good_example_by_mouse_and_the_bad_one_by_keyboard(browser: Browser, address: str) -> None:
    browser.go(f"{address}rules/HRM101/")
    shown = (
        "[...document.querySelectorAll('.tabbed-block')].filter(each => each.offsetParent).map(each => each.innerText)"
    )
    assert "os.environ[" in browser.run(shown)[0]

    browser.click(".tabbed-labels label:nth-child(2)")
    browser.until(f"{shown}[0].includes('monkeypatch.setenv')")
    browser.press("ArrowLeft")

    browser.until(f"{shown}[0].includes('os.environ[')")


def test_the_site_is_as_dark_as_the_reader_wants_and_remembers_it(browser: Browser, address: str) -> None:
    browser.until(f"{SCHEME} == 'default'")

    browser.click("label[title='Light']")
    browser.click("label[title='Dark']")
    browser.until(f"{SCHEME} == 'slate'")
    browser.go(f"{address}review/")

    browser.until(f"{SCHEME} == 'slate'")


def test_the_first_visit_follows_the_preference_of_the_system(browser: Browser, address: str) -> None:
    browser.forget(address)
    browser.prefer("dark")

    browser.go(address)

    browser.until(f"{SCHEME} == 'slate'")


def test_the_site_follows_the_system_when_that_changes(browser: Browser) -> None:
    browser.until(f"{SCHEME} == 'default'")

    browser.prefer("dark")

    browser.until(f"{SCHEME} == 'slate'")


def test_all_can_be_done_by_keyboard_and_the_focus_is_seen(browser: Browser) -> None:
    focused = "document.activeElement"
    seen = set()
    for _ in range(12):
        browser.press("Tab")
        seen.add(browser.run(f"{focused}.classList[0]"))
        assert browser.run(f"{focused}.matches(':focus-visible')")
        assert browser.run(OUTLINED), browser.run(f"{focused}.outerHTML")
    assert {"md-skip", "md-search__input"} <= seen

    browser.press("Escape")
    browser.run(f"{focused}.blur()")
    browser.press("/")
    browser.until(f"{focused}.matches('.md-search__input')")
    browser.type("HRM109")
    browser.until("document.querySelector('.md-search-result__link')")
    browser.press("ArrowDown")
    browser.press("Enter")

    browser.until("location.pathname == '/rules/HRM109/'")


# Whoever holds the focus is outlined, or is the field of the search, which changes its colour and has a caret.
OUTLINED = """(() => {
  const each = document.activeElement, style = getComputedStyle(each)
  return each.matches('.md-search__input') || (style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 1)
})()"""


def test_no_page_prints_an_error_asks_another_machine_for_anything_or_is_wider_than_a_phone(
    browser: Browser, address: str, site: Path
) -> None:
    browser.size(PHONE)

    wide = []
    for path in paths(site):
        browser.go(f"{address}{path}")
        width = browser.run("document.documentElement.scrollWidth")
        wide += [(path, width)] if width > PHONE else []

    assert wide == []
    assert browser.errors == []
    assert hosts(browser) == {urlsplit(address).netloc}


def hosts(browser: Browser) -> set[str]:
    """The machines that were asked for something."""
    return {urlsplit(url).netloc for url in browser.requests if not url.startswith("data:")}


def test_an_error_and_a_request_to_another_machine_would_be_noticed(browser: Browser) -> None:
    browser.run("setTimeout(() => { console.error('broken'); undefined.broken })")
    browser.run("fetch('http://elsewhere.invalid/').catch(() => 0)")

    assert "broken" in browser.errors
    assert any(error.startswith("TypeError") for error in browser.errors)
    assert "elsewhere.invalid" in hosts(browser)


def test_something_wider_than_a_phone_would_be_noticed(browser: Browser) -> None:
    browser.size(PHONE)

    browser.run("document.querySelector('article').style.width = '500px'")

    assert browser.run("document.documentElement.scrollWidth") > PHONE


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "dark"), (PHONE, "light")], ids=["wide-dark", "phone-light"])
def test_nothing_serious_keeps_anybody_out(browser: Browser, address: str, width: int, scheme: str) -> None:
    browser.size(width)
    browser.prefer(scheme)
    browser.until(f"{SCHEME} == {SCHEMES[scheme]!r}")

    found = {path: barriers(browser, f"{address}{path}") for path in MAIN}

    assert {path: texts for path, texts in found.items() if texts} == {}


def test_what_keeps_people_out_would_be_found(browser: Browser, address: str) -> None:
    html = '<img src=""><p style="color: #aaa; background: #fff">faint</p>'
    plant = f"document.querySelector('article').innerHTML += {json.dumps(html)}"

    found = barriers(browser, address, plant)

    assert {text.partition(":")[0] for text in found} == {"color-contrast", "image-alt"}


def barriers(browser: Browser, url: str, first: str = "0") -> list[str]:
    """What axe finds that is serious or worse, on a page with all its details open."""
    browser.go(url)
    browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    browser.run(first)
    browser.run(f"{resources.files('axe_core_python').joinpath('axe.min.js').read_text(encoding='utf-8')}; 0")
    found = browser.run("axe.run({resultTypes: ['violations']}).then(each => each.violations)")
    return [
        f"{item['id']}: {node['html'][:200]}"
        for item in found
        if item["impact"] in {"serious", "critical"}
        for node in item["nodes"]
    ]
