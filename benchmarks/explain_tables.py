"""The figures of ``benchmarks.explain`` as tables: a file a model, a section a part."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecgcore.evaluation.side_words import table, words
from ecgcore.explain import METHODS

_TITLES = {
    "faithful": "Deletion and insertion: mean change of the logit",
    "leads": "Without the two leads of the highest Shapley value",
    "beats": "On the beats of MIT-BIH",
    "waves": "On the waves of LUDB",
    "truth": "On simulated records with known truth",
    "weights": "Rank correlation with maps of other weights",
    "speed": "Seconds a map",
    "shap": "Gradient SHAP beside the package shap, at equal convergence",
    "reference": "The trained ResNet-34",
}
_COMPARED = {
    "figures": "",
    "less_qrs": ", less QRS complexes alone",
    "less_random": ", less random",
    "shap_less_ours": ", shap less ours",
    "all": ", every record",
    "flagged": ", records that the model flags",
    "random": ", of random weights",
    "seeds": ", of networks trained from other seeds",
}


def section_text(section: str, found: Mapping[str, Any]) -> str:
    """Return one part's figures as Markdown tables, below its heading."""
    return _SPECIAL.get(section, _tables)(found)


def put_section(path: Path, title: str, section: str, text: str) -> None:
    """Write one part into a file of tables; the other parts stay as they are."""
    kept: dict[str, str] = {}
    if path.is_file():
        _, *parts = re.split(r"(?m)^## ", path.read_text(encoding="utf-8"))
        kept = {head: body.strip() for head, _, body in (part.partition("\n") for part in parts)}
    kept[_TITLES[section]] = text.strip()
    ordered = [f"## {head}\n\n{kept[head]}" for head in _TITLES.values() if head in kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join([f"# {title}", *ordered]) + "\n", encoding="utf-8")


def _tables(found: Mapping[str, Any], prefix: str = "") -> str:
    """Return a table for each figure: a method a row, a statement a column."""
    parts = []
    for name, each in found.items():
        if not isinstance(each, Mapping):
            parts.append(f"{name.capitalize()}: {each}.")
        elif name in _COMPARED:
            parts.append(_by_figure(each, prefix + _COMPARED[name]))
        else:
            parts.append(_tables(each, f", {name}"))
    return "\n\n".join(parts)


def _by_figure(found: Mapping[str, Any], compared: str) -> str:
    figures = list(next(iter(found.values())))
    if all(set(row[figure]) == {"all"} for row in found.values() for figure in figures):
        rows = [[_method(m), *(words(row[f]["all"]) for f in figures)] for m, row in found.items()]
        title = f"All statements{compared}"
        return f"**{title}**\n\n{table(['', *map(_figure, figures)], rows)}".strip()
    parts = []
    for figure in figures:
        codes = list(dict.fromkeys(code for row in found.values() for code in row[figure]))
        rows = [
            [_method(m), *(words(row[figure].get(code)) for code in codes)]
            for m, row in found.items()
        ]
        title = _figure(figure) + compared
        parts.append(f"**{title}**\n\n{table(['', *codes], rows)}".strip())
    return "\n\n".join(parts)


def _leads(found: Mapping[str, Any]) -> str:
    named = {
        "top_fall": "fall of the logit",
        "other_fall": "fall without two others",
        "beaten": "share of other pairs beaten",
    }
    (each,) = found.values()
    codes = list(next(iter(each.values())))
    rows = [[named[f], *(words(each[f][code]) for code in codes)] for f in each]
    return table(["", *codes], rows)


def _speed(found: Mapping[str, Any]) -> str:
    rows = [
        [_method(name), f"{each['wall']:.3f}", f"{each['processor']:.3f}"]
        for name, each in found.items()
        if isinstance(each, Mapping)
    ]
    head = f"Fastest of 5 with {found['threads']} threads; 12 leads (or one), 10 s, 500 Hz."
    return f"{head}\n\n{table(['', 'elapsed', 'of the processor'], rows)}"


def _shap(found: Mapping[str, Any]) -> str:
    figures = {"draws": 0, "one_output": 2, "nine_outputs": 2, "error": 3}
    rows = [
        [name, *(f"{each[key]:.{n}f}" if key in each else "-" for key, n in figures.items())]
        for name, each in [*(("ours", one) for one in found["ours"]), ("shap", found["shap"])]
    ]
    text = table(["", "draws", "s, one output", "s, nine outputs", "error"], rows)
    less = found.get("less_work")
    if less is not None:
        text += (
            f"\nWork of shap over ours at equal error: {less['one_output']:.1f} for one output, "
            f"{less['nine_outputs']:.1f} for nine."
        )
    return text


def _figure(name: str) -> str:
    return name.replace("_", ", ").capitalize()


def _method(name: str) -> str:
    return METHODS[name].name if name in METHODS else name


_SPECIAL = {"leads": _leads, "speed": _speed, "shap": _shap}
