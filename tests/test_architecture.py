"""The directions of the tree: who may import whom, and who may import which library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Low to high; parts on one line do not import one another.
LAYERS = (
    ("errors", "checks", "origin", "kept", "turns", "workers"),
    ("units", "leads", "statements"),
    ("recording", "results", "wire"),
    ("readers", "signal", "simulate"),
    ("models",),
    ("inference",),
    ("measure",),
    ("study",),
    ("interpret",),
    ("explain",),
    ("datasets",),
    ("evaluation",),
    ("training",),
)
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}
# Parts that share a line and nevertheless build on one another.
ALONGSIDE = {
    ("checks", "errors"),
    ("workers", "errors"),
    ("workers", "turns"),
    ("results", "recording"),
    ("wire", "recording"),
}
BESIDE = {"render", "reviews"}  # see results and below
TOP = {"cli", "__main__", "__init__"}
OFFLINE_ONLY = {"datasets", "evaluation", "training"}

LIBRARIES = {
    "starlette": ("ui/serving/",),
    "streamlit": ("app.py", "pages/", "ui/"),
    "torch": tuple(
        f"ecgcore/{part}/" for part in ("models", "inference", "explain", "evaluation", "training")
    ),
    "sqlalchemy": ("ecgcore/reviews/",),
    "alembic": ("ecgcore/reviews/",),
    "captum": ("ecgcore/explain/",),
    "plotly": ("ecgcore/render/", "ui/components/"),  # ui only asks where plotly.js lies
    "matplotlib": ("ecgcore/render/",),
    "wfdb": ("ecgcore/readers/wfdb", "ecgcore/datasets/"),
    "edfio": ("ecgcore/readers/edf",),
    "pydicom": ("ecgcore/readers/dicom",),
    "pypdfium2": ("ecgcore/readers/pdf/document.py",),
    "defusedxml": ("ecgcore/readers/xml/parse.py",),
    "neurokit2": ("ecgcore/signal/", "ecgcore/measure/"),
    "lightgbm": (),  # only the comparisons in reproductions/ need these two
    "pywt": (),
}


def sources() -> list[Path]:
    found = [ROOT / "app.py"]
    for folder in ("ecgcore", "ui", "pages"):
        found += sorted((ROOT / folder).rglob("*.py"))
    return found


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield node.module or ""
            # "from ecgcore import readers" imports the part, not the package.
            if node.module == "ecgcore":
                yield from (f"ecgcore.{alias.name}" for alias in node.names)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "ecgcore").parts[0].removesuffix(".py")


def may_import(part: str, other: str) -> bool:
    if other in {part, "__init__", "__version__"} or part in TOP:
        return True
    if part in BESIDE:
        return LEVEL.get(other, 99) <= LEVEL["results"]
    return other in LEVEL and (LEVEL[other] < LEVEL[part] or (part, other) in ALONGSIDE)


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top == "ecgcore" and rest and name.startswith("ecgcore/"):
            other = rest.split(".")[0]
            assert may_import(part_of(path), other), f"{name} must not import {module}"
        if name.startswith("ecgcore/"):
            assert top not in {"ui", "pages", "app", "reproductions"}, f"{name} imports {module}"
        if name.startswith("ui/"):
            assert top not in {"pages", "app"}, f"{name} must not import {module}"
        allowed = LIBRARIES.get(top)
        assert allowed is None or name.startswith(allowed), f"{name} must not import {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_never_import_the_long_running_parts(path: Path) -> None:
    if path.is_relative_to(ROOT / "ecgcore"):
        return
    used = {m.split(".")[1] for m in imports(path) if m.startswith("ecgcore.")}
    assert not used & OFFLINE_ONLY


def test_every_part_has_a_place() -> None:
    parts = {part_of(path) for path in (ROOT / "ecgcore").rglob("*.py")}
    assert parts <= LEVEL.keys() | BESIDE | TOP


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


def test_the_check_itself_sees_a_wrong_import() -> None:
    assert not may_import("leads", "recording")
    assert not may_import("signal", "models")
    assert not may_import("render", "models")
    assert not may_import("reviews", "study")
    assert may_import("reviews", "wire")
    assert may_import("training", "datasets")


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Return the modules that import themselves by way of others."""

    def reaches(start: str) -> set[str]:
        seen: set[str] = set()
        rest = list(arrows.get(start, ()))
        while rest:
            module = rest.pop()
            if module not in seen:
                seen.add(module)
                rest += arrows.get(module, ())
        return seen

    return sorted(module for module in arrows if module in reaches(module))


def test_no_module_imports_itself_by_way_of_others() -> None:
    def name_of(path: Path) -> str:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts)

    names = {name_of(path) for path in sources()}
    arrows: dict[str, set[str]] = {}
    for path in sources():
        if path.name == "__init__.py":
            continue  # a package's face names its modules, and they may name the package's others
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                asked = [module, *(f"{module}.{alias.name}" for alias in node.names)]
                arrows.setdefault(name_of(path), set()).update(names.intersection(asked))
    assert not circles(arrows)


def test_the_check_itself_sees_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]
    assert not circles({"a": {"b"}, "b": {"c"}})


# ---- ui ------------------------------------------------------------------------------------

# The rooms of ui, and which other rooms each may enter; what lies in ui itself is everybody's.
ROOMS: dict[str, set[str]] = {
    "serving": set(),
    "components": set(),
    "desk": {"components"},
    "worklist": {"desk", "components", "serving"},
    "models": {"desk", "components"},
}
# The only modules outside a room that build on rooms: how a page begins, marks on a paper, and what
# is kept for whom.
ON_ROOMS: dict[str, set[str]] = {
    "ui.page": {"desk"},
    "ui.marks": {"components"},
    "ui.keeping": {"serving"},
    "ui.kept_settings": {"desk"},
}


def ui_sources() -> list[Path]:
    return sorted((ROOT / "ui").rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else ""


def asked_of(path: Path) -> set[str]:
    """Return all that a file imports, modules and names in them."""
    asked = set(imports(path))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            asked |= {f"{node.module}.{alias.name}" for alias in node.names}
    return asked


def bodies() -> set[str]:
    """Return the bodies of the pages: the modules of ui that a script in pages/ shows."""
    found = {module for path in (ROOT / "pages").glob("*.py") for module in imports(path)}
    return found - {"ui.page"}


def enters(module: str, asked: set[str]) -> set[str]:
    """Return the rooms that a module of ui must not enter."""
    own = room_of(module)
    allowed = ROOMS[own] | {own, ""} if own else ON_ROOMS.get(module, set()) | {""}
    return {room_of(one) for one in asked if one.startswith("ui.")} - allowed


def test_every_page_is_one_call_that_shows_bodies_of_ui() -> None:
    scripts = sorted((ROOT / "pages").glob("*.py"))
    assert len(scripts) >= 3
    for path in scripts:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = [type(node) for node in tree.body if not isinstance(node, ast.ImportFrom)]
        assert kinds == [ast.Expr, ast.Expr], f"{path.name}: its description and one call"
    assert all(room_of(body) for body in bodies())


@pytest.mark.parametrize("path", ui_sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_imports_the_body_of_a_page(path: Path) -> None:
    """Pages never import pages: what two of them share is no page's own."""
    taken = bodies() & (asked_of(path) - {module_of(path)})
    assert not taken, f"{module_of(path)} must not import the page {taken}"


@pytest.mark.parametrize("path", ui_sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_of_the_app_are_entered_downwards(path: Path) -> None:
    entered = enters(module_of(path), asked_of(path))
    assert not entered, f"{module_of(path)} must not enter {entered}"


def test_one_module_draws_every_paper() -> None:
    drawing = {
        module_of(path)
        for path in ui_sources()
        if "ui.components.viewer.draw_paper" in asked_of(path)
    }
    assert drawing == {"ui.desk.paper"}


OVERLAYS = "ui.desk.overlays"


def overlays_of(module: str, asked: set[str]) -> set[str]:
    """Return the overlays that a module imports; only their table knows them."""
    known = {module_of(path) for path in (ROOT / "ui/desk/overlays").glob("[!_]*.py")}
    return set() if module == OVERLAYS else (known - {module}) & asked


@pytest.mark.parametrize("path", ui_sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_overlays_are_known_to_their_table_alone(path: Path) -> None:
    """Overlays never import overlays: what two of them share is no overlay's own."""
    taken = overlays_of(module_of(path), asked_of(path))
    assert not taken, f"{module_of(path)} must not import the overlay {taken}"


def test_every_view_of_models_is_a_body_of_its_own() -> None:
    """A view imports no other view of page Models."""
    page = ROOT / "ui/models/page.py"
    views = {one for one in imports(page) if one.startswith("ui.models.")}
    assert len(views) >= 3
    for path in ui_sources():
        if path != page:
            assert not (views - {module_of(path)}) & asked_of(path), path


def test_the_checks_of_ui_see_a_wrong_import() -> None:
    assert enters("ui.components.viewer", {"ui.desk.paper"}) == {"desk"}
    assert enters("ui.desk.read", {"ui.worklist.intake"}) == {"worklist"}
    assert enters("ui.state", {"ui.desk.settings"}) == {"desk"}
    assert not enters("ui.worklist.intake", {"ui.desk.lead_names", "ui.state"})
    assert "ui.desk.read" in bodies()
    assert overlays_of(f"{OVERLAYS}.why", {f"{OVERLAYS}.leads"}) == {f"{OVERLAYS}.leads"}
    assert not overlays_of(OVERLAYS, {f"{OVERLAYS}.leads"})
