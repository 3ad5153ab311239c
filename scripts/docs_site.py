"""The hooks of mkdocs: pages that stand elsewhere in the repository, and links to them.

README, CONTRIBUTING, SECURITY, CHANGELOG, the README of each network and the tables of ``results``
become pages beside those of ``docs``.  A link to a file that is no page becomes plain text; a link
to what is not there is a warning, and so an error of ``mkdocs build --strict``.
"""

import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from griffe import Extension, Object
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("README.md", "C*.md", "SECURITY.md", "results/**/*.md", "weights/*/README.md")
_HOME = {"README.md": "index.md"}
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^]]*)\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"(?ms)^(?:```|~~~).*?^(?:```|~~~)\s*?$|`[^`\n]+`")
_ROLE = re.compile(r":(?:func|class|mod|data|meth|attr|exc):`(~?)([\w.]+)`")
log = logging.getLogger("mkdocs.hooks.docs_site")


def pages_outside() -> Iterator[str]:
    """Return the pages that do not stand in ``docs``, as paths in the repository."""
    for pattern in OUTSIDE:
        yield from sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of elsewhere."""
    for path in pages_outside():
        files.append(File.generated(config, _HOME.get(path, path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_more: Any) -> str:
    """Turn links between files of the repository into links between pages."""
    uri = page.file.src_uri
    home = {site: path for path, site in _HOME.items()}
    source = home.get(uri) or (uri if uri in set(pages_outside()) else f"docs/{uri}")
    kept = [match.span() for match in _FENCED.finditer(markdown)]

    def link(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in kept):
            return match[0]
        return _linked(match, source, uri, files)

    return _LINK.sub(link, markdown)


def _linked(match: re.Match[str], source: str, uri: str, files: Files) -> str:
    path, _, anchor = match["target"].partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return match[0]
    repository = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if not (ROOT / repository).exists():
        log.warning("%s links to %s, which is not there", source, match["target"])
    site = _site_uri(repository, files)
    if site is None:
        return match["text"]
    target = posixpath.relpath(site, posixpath.dirname(uri) or ".")
    return f"{match['image']}[{match['text']}]({target}{'#' if anchor else ''}{anchor})"


def _site_uri(repository: str, files: Files) -> str | None:
    for path in (repository, f"{repository}/README.md"):
        site = _HOME.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(site) is not None:
            return site
    return None


class Roles(Extension):
    """Show the references of docstrings, such as :func:`read`, as code."""

    def on_object(self, *, obj: Object, **_more: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(
                lambda m: f"`{m[2].rpartition('.')[2] if m[1] else m[2]}`", obj.docstring.value
            )
