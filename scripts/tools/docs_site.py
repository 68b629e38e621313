"""A hook of mkdocs (mkdocs.yml names it): pages that lie outside docs/, and links between the two.

On the code host a page links to any file of the project. The site has pages only, so a link to another file becomes its
path. A link to a file that is not there stays as it is, and `mkdocs build --strict` then fails.
"""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.adapter_pages import adapter_list, adapter_page, adapter_pages

PROJECT = Path(__file__).resolve().parents[2]
# Documents that belong elsewhere in the project, and the page that each becomes.
OUTSIDE = {
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "adapters/README.md": "adapters.md",
    "examples/online_retail/README.md": "online_retail.md",
    "expectations/README.md": "expectations.md",
}
ADAPTERS = adapter_pages()
# The section of the navigation that gets a page for each adapter.
_SECTION = "Adapters"
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give each adapter a place in the navigation, so that a new one has a page at once."""
    for tab in config.nav or ():
        for pages in tab.values():
            if isinstance(pages, list):
                pages[:] = [_with_adapters(page) for page in pages]
    return config


def _with_adapters(page: object) -> object:
    if not isinstance(page, dict) or _SECTION not in page:
        return page
    return {_SECTION: [page[_SECTION], *({title: f"adapters/{name}.md"} for name, title in ADAPTERS.items())]}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents that lie outside docs/."""
    for source, page in OUTSIDE.items():
        file = PROJECT / source
        if file.is_file():
            more = f"\n{adapter_list()}" if page == "adapters.md" else ""
            files.append(File.generated(config, page, content=file.read_text(encoding="utf-8") + more))
    for name in ADAPTERS:
        files.append(File.generated(config, f"adapters/{name}.md", content=adapter_page(name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links fit the site."""
    pages = {page: source for source, page in _outside().items()}
    source = PurePosixPath(pages.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    parts = []
    end = 0
    for fence in _FENCE.finditer(markdown):
        parts += [links_of_site(markdown[end : fence.start()], source, page.file.src_uri), fence.group()]
        end = fence.end()
    parts.append(links_of_site(markdown[end:], source, page.file.src_uri))
    return "".join(parts)


def _outside() -> dict[str, str]:
    return {**OUTSIDE, **{f"adapters/{name}/README.md": f"adapters/{name}.md" for name in ADAPTERS}}


def links_of_site(text: str, source: PurePosixPath, page: str) -> str:
    """Return the text with its links as the site has them.

    Args:
        text: Markdown without code blocks.
        source: The document's path in the project.
        page: The document's path in the site.
    """

    def of_site(link: re.Match[str]) -> str:
        if "://" in link["target"] or link["target"].startswith("mailto:"):
            return link.group()
        target = os.path.normpath(source.parent / link["target"])
        inside = _outside().get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        if inside is not None:
            relative = os.path.relpath(inside, PurePosixPath(page).parent)
            return f"{link['image']}[{link['text']}]({relative}{link['anchor'] or ''})"
        if target == "README.md":
            relative = os.path.relpath("index.md", PurePosixPath(page).parent)
            return f"[{link['text']}]({relative})"
        return f"{link['text']} (`{target}`)" if (PROJECT / target).exists() else link.group()

    return _LINK.sub(of_site, text)
