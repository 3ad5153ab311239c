"""What pyproject.toml declares is what the code imports, and what is pinned lies within it."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ecgcore.errors import ModelError
from ecgcore.inference import load_model, loading
from scripts.pins import normalise, read_pins
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = {p.name: p.version for p in read_pins(ROOT / "requirements.txt")}
PINS |= {p.name: p.version for p in read_pins(ROOT / "requirements-dev.txt")}
# Where a package is imported under another name than it is installed by.
PACKAGE_OF = {"sklearn": "scikit-learn", "google": "protobuf"}
# Imported where the published feature models are computed again, with requirements of their own.
REPRODUCTIONS = {"lightgbm", "pywt"}
OURS = {"ecgcore", "ui", "pages", "app"}


def declared(*extras: str) -> dict[str, Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    found = map(Requirement, lines)
    return {normalise(each.name): each for each in found if each.name != "ecgcore"}


def imported(*places: str) -> dict[str, str]:
    """Return what is imported from elsewhere, with one file that does."""
    found: dict[str, str] = {}
    for place in places:
        top = ROOT / place
        for path in [top] if top.is_file() else sorted(top.rglob("*.py")):
            for name in _names(ast.parse(path.read_text())):
                module = name.partition(".")[0]
                if module not in OURS | REPRODUCTIONS | sys.stdlib_module_names:
                    found[PACKAGE_OF.get(module, module)] = str(path.relative_to(ROOT))
    return found


def _names(tree: ast.AST):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(str(name))]):
                yield name


@pytest.mark.parametrize("name", sorted(declared("app", "train", "dev")))
def test_the_pinned_version_lies_in_the_declared_range(name):
    wanted = declared("app", "train", "dev")[name]
    assert name in PINS, f"{name} is declared and not pinned"
    assert wanted.specifier.contains(PINS[name]), f"{wanted} does not allow {PINS[name]}"


def test_every_import_of_the_package_is_declared():
    bench = ("training", "evaluation", "datasets")
    rooms = [p for p in (ROOT / "ecgcore").iterdir() if p.name not in bench]
    core = imported(*(str(p.relative_to(ROOT)) for p in rooms if p.is_dir() or p.suffix == ".py"))
    assert {n: f for n, f in core.items() if n not in declared()} == {}
    whole = imported("ecgcore")
    assert {n: f for n, f in whole.items() if n not in declared("train")} == {}


def test_every_import_of_the_app_is_declared():
    found = imported("ui", "pages", "app.py")
    assert {n: f for n, f in found.items() if n not in declared("app")} == {}


def test_nothing_is_declared_that_nothing_imports():
    used = imported("ecgcore", "ui", "pages", "app.py")
    assert sorted(declared("app", "train").keys() - used.keys()) == []


def test_the_command_is_there():
    module, _, name = PROJECT["scripts"]["ecgcore"].partition(":")
    code = f"import sys; from {module} import {name}; sys.exit({name}(['--version']))"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert made.returncode == 0
    assert made.stdout == f"ecgcore {PROJECT['version']}\n"


def test_what_is_no_python_goes_along(tmp_path):
    """The wheel holds every file of the package that is not Python, and every network."""
    pytest.importorskip("setuptools")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    egg = ["egg_info", "--egg-base", str(tmp_path)]
    made = subprocess.run(
        [*command[:3], *egg, *command[3:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    built = tmp_path / "ecgcore"
    there = {p.relative_to(built) for p in built.rglob("*") if p.is_file()}
    for top, inside in ((ROOT / "ecgcore", Path()), (ROOT / "weights", Path("weights"))):
        files = [p.relative_to(top) for p in top.rglob("*") if p.is_file()]
        wanted = {inside / f for f in files if "__pycache__" not in f.parts}
        assert sorted(map(str, wanted - there)) == []


def test_an_installed_package_has_its_networks_in_itself(tmp_path, monkeypatch):
    monkeypatch.delenv("ECG_WEIGHTS", raising=False)
    monkeypatch.setattr(loading, "__file__", str(tmp_path / "ecgcore" / "inference" / "loading.py"))
    (tmp_path / "ecgcore" / "weights").mkdir(parents=True)
    assert loading.weights_root() == tmp_path / "ecgcore" / "weights"


def test_a_folder_without_networks_is_said_to_have_none(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    with pytest.raises(ModelError, match=re.escape("there are none: set ECG_WEIGHTS")):
        load_model("diagnostic-1")
