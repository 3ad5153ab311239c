"""What the documents point at is there: files, commands, modules, pages of the site."""

import argparse
import importlib
import re
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from ecgcore.cli import COMMANDS
from tests.conftest import ROOT

OUTSIDE = [*ROOT.glob("*.md"), *ROOT.glob("results/*.md"), *ROOT.glob("weights/*/README.md")]
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *OUTSIDE])
SITE = (ROOT / "mkdocs.yml").read_text()
_FOLDERS = (
    *("ecgcore", "reproductions", "ui", "pages", "tests", "docs", "configs", "scripts"),
    *("benchmarks", "examples", "locks", "results", "weights"),
)
_FILES = [f"/{path.relative_to(ROOT)}" for name in _FOLDERS for path in (ROOT / name).rglob("*.*")]
# A file of a package that is installed.
_INSTALLED = {"plotly.min.js"}
_PATH = re.compile(rf"`((?:{'|'.join(_FOLDERS)})/[\w./-]*[\w/])(?:::?\s?\w+)?`")
# A command and its arguments, over lines that end in a backslash.
_COMMAND = r"python -m ecgcore ([a-z-]+)((?:[^\n`|]|\\\n)*)"
_MADE = re.compile(r"NAME|DISEASE|VERSION")
# The log of what was, and a table of what was tried against earlier trees.
CURRENT = [path for path in DOCUMENTS if path.name not in ("CHANGELOG.md", "security.md")]


def prose(path) -> str:
    """Return a document without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```", "", path.read_text())


def each(paths):
    return pytest.mark.parametrize("document", paths, ids=lambda path: str(path.relative_to(ROOT)))


@each(DOCUMENTS)
def test_every_link_leads_to_a_file(document):
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", re.sub(r"`[^`\n]*`", "", prose(document)))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (document.parent / link).exists()] == []


@each(CURRENT)
def test_every_path_named_is_there(document):
    named = [p for p in _PATH.findall(prose(document)) if not _MADE.search(p)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@each(CURRENT)
def test_every_file_named_without_its_folder_is_there(document):
    named = set(re.findall(r"`([\w./-]*\w\.(?:py|toml|js|css))`", prose(document))) - _INSTALLED
    missing = [p for p in named if not any(f.endswith(f"/{p}") for f in _FILES)]
    assert [path for path in missing if not (ROOT / path).exists()] == []


@each(CURRENT)
def test_every_module_named_can_be_run_or_imported(document):
    modules = {
        name.rstrip(".") for name in re.findall(r"python -m ([a-z][\w.]*)", document.read_text())
    }
    assert {name for name in modules if find_spec(name) is None} == set()


@each(CURRENT)
def test_every_command_named_has_the_options_it_is_given(document):
    for command, arguments in re.findall(_COMMAND, document.read_text()):
        assert command in COMMANDS
        parser = argparse.ArgumentParser()
        importlib.import_module(COMMANDS[command][0]).add_arguments(parser)
        known = set(parser._option_string_actions)
        assert set(re.findall(r"(?<![\w-])--[a-z-]+", arguments.partition("#")[0])) <= known


@each(CURRENT)
def test_every_recipe_and_script_named_in_a_block_is_there(document):
    named = re.findall(
        r"\b(?:configs/\w+\.toml|(?:examples|scripts)/\w+\.py)", document.read_text()
    )
    assert [path for path in set(named) if not (ROOT / path).exists()] == []


@each(CURRENT)
def test_every_dotted_name_is_there(document):
    named = re.findall(r"(?:`|^::: )(ecgcore(?:\.\w+)+)", document.read_text(), re.MULTILINE)
    assert [name for name in set(named) if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_every_make_target_named_is_there():
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = {
        t for path in DOCUMENTS for t in re.findall(r"(?m)(?:`|^)make ([a-z]+)", path.read_text())
    }
    assert named - targets == set()


def test_every_page_stands_in_the_navigation():
    pages = [str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")]
    outside = [str(p.relative_to(ROOT)) for p in OUTSIDE if p.name != "README.md"]
    listed = set(re.findall(r"([\w./-]+\.md)$", SITE, re.MULTILINE))
    assert sorted({*pages, *outside} - listed) == []


def test_the_site_loads_nothing_from_elsewhere():
    assert "font: false" in SITE
    assert "enable_inventory: false" in SITE
    for word in ("http:", "https:", "analytics", "repo_url", "cdn"):
        assert word not in SITE


@pytest.fixture
def site():
    pytest.importorskip("mkdocs", reason="locks/dev.txt is not installed")
    pytest.importorskip("griffe", reason="locks/dev.txt is not installed")
    return importlib.import_module("scripts.docs_site")


@pytest.mark.parametrize(
    ("source", "given", "wanted"),
    [
        ("index.md", "[a](docs/serving.md#x)", "[a](serving.md#x)"),
        ("serving.md", "[a](../SECURITY.md)", "[a](SECURITY.md)"),
        ("diagnostic.md", "[a](../weights/diagnostic-1)", "[a](weights/diagnostic-1/README.md)"),
        ("results/README.md", "[a](../weights) [b](test_access.csv)", "a b"),
        ("results/README.md", "`[a](b)` [c](#d)", "`[a](b)` [c](#d)"),
        ("index.md", "![a](docs/images/desk.png)", "![a](images/desk.png)"),
    ],
)
def test_links_between_files_become_links_between_pages(site, source, given, wanted):
    assert rewritten(site, source, given) == wanted


def test_a_link_to_nothing_is_a_warning(site, caplog):
    assert rewritten(site, "index.md", "[a](docs/none.md)") == "a"
    assert "README.md links to docs/none.md, which is not there" in caplog.text


def rewritten(site, source: str, text: str) -> str:
    from mkdocs.structure.files import File, Files

    plugins = SimpleNamespace(_current_plugin="docs_site")
    config = SimpleNamespace(site_dir="site", use_directory_urls=False, plugins=plugins)
    there = [p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*") if p.is_file()]
    files = Files([File(str(path), str(ROOT / "docs"), "site", False) for path in there])
    site.on_files(files, config)
    page = SimpleNamespace(file=SimpleNamespace(src_uri=source))
    return site.on_page_markdown(text, page=page, files=files, config=config)


def test_references_in_docstrings_are_shown_as_code(site):
    obj = type(
        "Obj", (), {"docstring": type("Doc", (), {"value": "See :func:`~a.b` of :mod:`c.d`."})}
    )
    site.Roles().on_object(obj=obj)
    assert obj.docstring.value == "See `b` of `c.d`."
