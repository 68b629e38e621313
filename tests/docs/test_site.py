"""The documentation site builds without warnings, loads nothing from the network, and its links work."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT
from customer_journey.raw.adapters import known_adapters, load_adapter
from playwright.sync_api import sync_playwright
from tools.adapter_pages import adapter_page

from tests.docs.pages import pages

_LOADED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=[\"']?(?P<address>[^\"'\s>]+)")
_NAMED = re.compile(r"(?<![\w/])docs/[\w/]+\.(?:md|png|svg)\b")
_TEXTS = {".md", ".py", ".sql", ".yml", ".yaml", ".toml", ".sh", ".csv", ""}
_FOLDERS = (".github", "adapters", "docs", "examples", "expectations", "macros", "models", "scripts", "seeds", "tests")


def _build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `scripts/docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = _build(PROJECT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_loaded_from_the_network(site: Path) -> None:
    """Pages load nothing from other servers, which would also learn who reads them."""
    loaded = [
        f"{file.relative_to(site)}: {match['address']}"
        for file in site.rglob("*.html")
        for match in _LOADED.finditer(file.read_text(encoding="utf-8"))
        if "://" in match["address"] or match["address"].startswith("//")
    ]
    assert loaded == []


def test_no_page_has_a_diagram_that_is_drawn_from_the_network(site: Path) -> None:
    """No page has a mermaid diagram, because the theme loads mermaid from the network."""
    assert [file.name for file in site.rglob("*.html") if 'class="mermaid"' in file.read_text(encoding="utf-8")] == []


def test_search_knows_every_page(site: Path) -> None:
    """The search finds every page."""
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {document["location"].split("#")[0] for document in index["docs"]}
    assert {file.relative_to(site).as_posix() for file in site.rglob("*.html")} - {"404.html"} == found


def test_search_finds_where_the_site_is_opened_from_a_folder(site: Path) -> None:
    """The search works from a folder, where browsers start no worker; `scripts/docs` tells readers to open a file."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on the PATH (Debian: apt install chromium)")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium)
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "adapt" / "add_a_stage.html").as_uri())
        page.locator(".md-search__input").press_sequentially("quarantine")
        page.locator(".md-search-result__item").first.wait_for()
        browser.close()
    assert [address for address in asked if not address.startswith("file:")] == []


@pytest.mark.parametrize("name", known_adapters())
def test_each_adapter_has_a_page_that_the_navigation_names(name: str, site: Path) -> None:
    """Each adapter has a page with the tool's name in the navigation."""
    page = (site / "adapters" / f"{name}.html").read_text(encoding="utf-8")
    adapter = load_adapter(known_adapters()[name])
    for table in adapter.selects:
        assert f"<code>{table.label}</code>" in page
    for one in adapter.inputs:
        assert f"<td><code>{one.name}</code></td>" in page
    assert f'href="adapters/{name}.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_the_page_of_an_adapter_tells_what_stays_empty() -> None:
    """The page of an adapter lists the columns that its SELECTs return and those that stay empty."""
    page = adapter_page("tiktok_shop")
    assert "| `orders/order_items` | `order_lines` | `unit_cost` |" in page
    assert "must name it (`timezone`)" in page
    assert "goes before the values of `contact_id`, `order_id`, `product_id`, `refund_id`." in page
    assert "**Variable `currency`**, default none: the export does not name it" in page


# a link, and the text of its warning
BROKEN_LINKS = {
    "[gone](no_such_page.md)": "no_such_page.md",
    "[gone](keys.md#no-such-heading)": "no-such-heading",
    "[gone](../no_such_file.py)": "no_such_file.py",
}


def test_each_broken_link_fails_the_build(tmp_path: Path) -> None:
    """Each kind of broken link fails the build of the site."""
    shutil.copytree(PROJECT / "docs", tmp_path / "docs")
    shutil.copy(PROJECT / "mkdocs.yml", tmp_path)
    (tmp_path / "scripts").symlink_to(PROJECT / "scripts")
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n" + "\n".join(BROKEN_LINKS) + "\n")
    done = _build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    warned = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    for complaint in BROKEN_LINKS.values():
        assert len([line for line in warned if complaint in line]) == 1, done.stderr
    # each link alone would fail the build, because a strict build counts warnings
    assert f"Aborted with {len(BROKEN_LINKS)} warnings in strict mode" in done.stdout


def test_pages_that_texts_name_are_there() -> None:
    """Every docs/… page named in messages, comments and descriptions exists."""
    files = [file for folder in _FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in _TEXTS]
    files += [file for file in PROJECT.glob("*") if file.suffix in _TEXTS and file.is_file()]
    dead = []
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            for named in _NAMED.findall(file.read_text(encoding="utf-8", errors="replace")):
                if not (PROJECT / named).exists() and "<" not in named:
                    dead.append(f"{file.relative_to(PROJECT)}: {named}")
    assert dead == []


def test_pages_are_found() -> None:
    """References to pages are found at all."""
    assert "docs/index.md" in pages()
    assert len(pages()) > 40
