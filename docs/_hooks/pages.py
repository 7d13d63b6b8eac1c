"""What the site has beyond ``docs/``: pages that stand at the root of the repository, and links that hold in both.

A link in a text is written as the repository needs it. On the site a link to a page goes to that page, a link to a
folder of pages to its first, and a link to any other file of the repository becomes its label: the site has no copy of
the code. A link to nothing is left as it is, so that the strict build names it.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT_PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace a folder in the navigation (``decisions/``) by its pages, so that a new page needs no line there."""
    config.nav = [_filled(entry, Path(config.docs_dir)) for entry in config.nav or []]
    return config


def _filled(entry: object, docs: Path) -> object:
    if isinstance(entry, dict):
        return {title: _filled(value, docs) for title, value in entry.items()}
    if isinstance(entry, list):
        return [_filled(value, docs) for value in entry]
    if isinstance(entry, str) and entry.endswith("/"):
        return [page.relative_to(docs).as_posix() for page in sorted((docs / entry).glob("*.md"))]
    return entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand at the root."""
    root = Path(config.docs_dir).parent
    for source, target in ROOT_PAGES.items():
        files.append(File.generated(config, target, content=(root / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page into those of the site."""
    root = Path(config.docs_dir).parent
    uri = page.file.src_uri
    at_root = uri in ROOT_PAGES.values()
    base = "" if at_root else posixpath.join("docs", posixpath.dirname(uri))

    def turned(match: re.Match[str]) -> str:
        bang, label, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if not path or "://" in path or path.startswith(("mailto:", "/")):
            return match.group()
        there = posixpath.normpath(posixpath.join(base, path))
        where = _on_site(there, root, files)
        if where is not None:
            return f"{bang}[{label}]({posixpath.relpath(where, posixpath.dirname(uri))}{hash_}{anchor})"
        return label if (root / there).exists() and not there.startswith("docs") else match.group()

    parts = _CODE.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(turned, part) for number, part in enumerate(parts))


def _on_site(there: str, root: Path, files: Files) -> str | None:
    if there in ROOT_PAGES:
        return ROOT_PAGES[there]
    if not there.startswith("docs/"):
        return None
    if (root / there).is_dir():
        pages = sorted((root / there).glob("*.md"))
        return pages[0].relative_to(root / "docs").as_posix() if pages else None
    uri = there.removeprefix("docs/")
    return uri if files.get_file_from_path(uri) else None
