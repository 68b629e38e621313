"""A hook of mkdocs (see mkdocs.yml): adds documents from outside docs/ as pages, and adapts links to the site.

On the code host a page may link to any file of the project. The site has only pages, so a link to another file is
replaced by the file's path as text. A link to a missing file is left unchanged, so that `mkdocs build --strict` fails.
"""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parents[2]
# Documents outside docs/, and the page that each becomes.
OUTSIDE = {
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "adapters/README.md": "adapters.md",
    "examples/online_retail/README.md": "online_retail.md",
}
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents from outside docs/."""
    for source, page in OUTSIDE.items():
        file = PROJECT / source
        if file.is_file():
            files.append(File.generated(config, page, content=file.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Adapt the links of a page to the site."""
    pages = {page: source for source, page in OUTSIDE.items()}
    source = PurePosixPath(pages.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    parts = []
    end = 0
    for fence in _FENCE.finditer(markdown):
        parts += [links_of_site(markdown[end : fence.start()], source, page.file.src_uri), fence.group()]
        end = fence.end()
    parts.append(links_of_site(markdown[end:], source, page.file.src_uri))
    return "".join(parts)


def links_of_site(text: str, source: PurePosixPath, page: str) -> str:
    """Return the text with its links adapted to the site.

    Args:
        text: Markdown without code blocks.
        source: The document's path in the project.
        page: The document's path in the site.
    """

    def of_site(link: re.Match[str]) -> str:
        if "://" in link["target"] or link["target"].startswith("mailto:"):
            return link.group()
        target = os.path.normpath(source.parent / link["target"])
        inside = OUTSIDE.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        if inside is not None:
            relative = os.path.relpath(inside, PurePosixPath(page).parent)
            return f"{link['image']}[{link['text']}]({relative}{link['anchor'] or ''})"
        if target == "README.md":
            relative = os.path.relpath("index.md", PurePosixPath(page).parent)
            return f"[{link['text']}]({relative})"
        return f"{link['text']} (`{target}`)" if (PROJECT / target).exists() else link.group()

    return _LINK.sub(of_site, text)
