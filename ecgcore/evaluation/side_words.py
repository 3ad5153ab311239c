"""Figures beside the statements as Markdown: for the command line, and for a model's README."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecgcore.evaluation.tasks import task_table

Figure = Mapping[str, float | None]
_SCORES = (
    ("quality", "Quality"),
    ("distance", "Distance"),
    ("energy", "Energy"),
    ("disagreement", "Disagreement"),
    ("distance and quality", "Distance and quality"),
    ("energy and quality", "Energy and quality"),
    ("disagreement and quality", "Disagreement and quality"),
    ("limb leads", "Limb leads"),
    ("called noise", "Called noise"),
    ("distance with all checks", "Distance with all checks"),
    ("energy with all checks", "Energy with all checks"),
    ("disagreement with all checks", "Disagreement with all checks"),
    ("refused", "As refused"),
)


def words(figure: Figure | None, digits: int = 3) -> str:
    """Return a figure with its interval, or a dash."""
    if figure is None or figure["value"] is None:
        return "-"
    value = f"{figure['value']:.{digits}f}"
    if figure["low"] is None or figure["high"] is None:
        return value
    return f"{value} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def side_text(metrics: Mapping[str, Any]) -> str:
    """Return everything beside the statements that a card's figures hold; empty if nothing."""
    sections = {
        "Nine statements": _nine,
        "One lead alone": _single_leads,
        "CPSC 2018, lead I": _lead_one,
        "CinC 2017, hand-held": _handheld,
        "MIT-BIH DS2, beat by beat": _beats,
        "PTB-XL, fold 10": _ptbxl,
        "What it was not made for": _outliers,
        "Other thresholds": _points,
        "Sets that are right nine times in ten": _conformal,
        "Further seeds": _seeds,
        "Beside another model": _beside,
        "Every time it was measured on test": accesses_table,
    }
    made = {title: make(metrics) for title, make in sections.items()}
    return "\n".join(f"### {title}\n\n{text}" for title, text in made.items() if text)


def _beside(metrics: Mapping[str, Any]) -> str:
    """Return another model's mean area of the nine, out of fold and on the same test records."""
    found = metrics.get("beside")
    if not found:
        return ""
    fold, nine, eight = found["out of fold"], found["nine"], found["without STE"]
    rows = [
        ["out of fold, nine", f"{fold['this']:.3f}", f"{fold['other']:.3f}", "-"],
        ["test, nine", *(words(nine[key]) for key in ("this", "other", "difference"))],
        ["test, without ST elevation", *(words(eight[k]) for k in ("this", "other", "difference"))],
    ]
    text = table(("Mean AUC", "This model", found["other"], "Difference, paired"), rows)
    return (
        f"{text}\nOn test the same {found['n']} records of {found['n_patients']} patients, "
        f"{found['positives']['STE']} with ST elevation.\n"
    )


def accesses_table(metrics: Mapping[str, Any]) -> str:
    """Return when a model was measured on test, and what was decided afterwards."""
    found = metrics.get("accesses")
    if not found:
        return ""
    rows = [[a["date"], a["commit"], a["measured"], a["decided"]] for a in found]
    return table(("Date", "Commit", "Measured", "Decided after it"), rows)


def _nine(metrics: Mapping[str, Any]) -> str:
    nine = metrics.get("mean_of_nine")
    if not nine or len(metrics["classes"]) == len(nine["codes"]):
        return ""
    return (
        f"Means over the nine core statements: AUC {words(nine['auc'])}, F1 {words(nine['f1'])}, "
        f"calibration error {words(nine['ece'])}. {metrics.get('pooled', '')}".rstrip()
        + "\n"
    )


def _single_leads(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("single_leads")
    if not found:
        return ""
    rows = [["all", words(found["all"]["mean_auc"]), "", "", words(found["all"].get("mean_f1"))]]
    for lead, each in found["leads"].items():
        share = f"{each['among_best']:.0%}"
        figures = (words(each["mean_auc"]), words(each["difference"]))
        rows.append([lead, *figures, share, words(each.get("mean_f1"))])
    head = (
        "Lead", "Mean AUC of nine", "Less all leads", "Among the best three of resamples",
        "Mean F1 of nine",
    )  # fmt: skip
    return table(head, rows)


def _lead_one(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("sides", {}).get("lead_one")
    if not found:
        return ""
    rows = [
        [code, f"{each['n_positive']}/{each['n']}", words(each["auc"]), words(each["f1"])]
        for code, each in found["classes"].items()
    ]
    rows.append(["mean", str(found["n"]), words(found["mean"]["auc"]), words(found["mean"]["f1"])])
    return table(("Statement", "Positive", "AUC", "F1"), rows)


def _handheld(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("sides", {}).get("handheld")
    if not found:
        return ""
    rows = [[name, words(figure)] for name, figure in found["f1"].items()]
    more = (
        f"\n{found['n']} records. AF against all the rest, AUC: statement "
        f"{words(found['af_auc'])}, class A {words(found['af_auc_class'])}.\n"
    )
    return table(("Class", "F1"), rows) + more


def _beats(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("sides", {}).get("beats")
    if not found:
        return ""
    rows = []
    for part, kinds in found.items():
        if part == "by record":
            continue
        for kind, each in kinds.items():
            figures = (words(each[name]) for name in ("f1", "sensitivity", "ppv"))
            rows.append([part, kind, str(each["n"]), *figures])
    text = table(("Records", "Kind", "Beats", "F1", "Sensitivity", "PPV"), rows)
    return f"{text}\n{_by_record(found['by record'])}"


def _by_record(found: Mapping[str, Any]) -> str:
    rows = []
    for record, kinds in found.items():
        cells = [record]
        for each in kinds.values():
            shares = [_plain(each[name]) for name in ("f1", "sensitivity", "ppv")]
            cells += [str(each["n"]), " / ".join(shares)]
        rows.append(cells)
    head = ("Record", "S beats", "F1 / sensitivity / PPV", "V beats", "F1 / sensitivity / PPV")
    return table(head, rows)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ptbxl(metrics: Mapping[str, Any]) -> str:
    sides = metrics.get("sides", {})
    if "superclasses" not in sides:
        return ""
    return (
        f"Super-classes.\n\n{task_table(sides['superclasses'])}\nThe statements that this model "
        f"has.\n\n{task_table(sides['ptbxl_statements'])}"
    )


def _outliers(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("outliers")
    if not found:
        return ""
    some = next(iter(found["outliers"].values()))["auroc"]
    scores = [(key, title) for key, title in _SCORES if key in some]
    rows = []
    for kind, each in found["outliers"].items():
        cells = [f"{kind} ({each['n']}) against {each['against']}"]
        cells += [words(each["auroc"].get(key)) for key, _ in scores]
        rows.append([*cells, f"{each['refused']:.0%}", f"{each['silent']:.0%}"])
    head = ["AUROC", *(title for _, title in scores), "Refused", "Nothing said"]
    usual = [
        f"{kind} {each['n']}: refused {each['refused']:.1%}, nothing said {each['silent']:.1%}"
        for kind, each in found["insiders"].items()
    ]
    return table(head, rows) + f"\nUsual records. {'; '.join(usual)}.\n"


def _points(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("operating_points")
    if not found:
        return ""
    rows = []
    for code, points in found.items():
        for name, each in points.items():
            cells = (words(each[key], 2) for key in ("sensitivity", "specificity", "ppv"))
            rows.append([code, name, f"{each['threshold']:.3f}", *cells])
    head = ("Statement", "Chosen out-of-fold for", "Threshold", "Sensitivity", "Specificity", "PPV")
    return table(head, rows)


def _conformal(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("conformal")
    if not found:
        return ""
    rows = []
    for code, each in found.items():
        names = ("coverage_positive", "coverage_negative", "size", "decided")
        counts = f"{each['n_positive']}/{each['n']}"
        rows.append([code, counts, *(_plain(each[name]) for name in names)])
    head = ("Statement", "Positive", "Covered, has it", "Covered, has not", "Answers", "One answer")
    return table(head, rows)


def _seeds(metrics: Mapping[str, Any]) -> str:
    found = metrics.get("seeds")
    if not found or len(found) < 2:
        return ""
    rows = []
    for name, each in found.items():
        nine, every = each["nine"], each["all"]
        figures = (nine["auc"], nine["f1"], every["auc"], each["lead_one"], each["handheld_f1"])
        rows.append([name, *(words(f) for f in figures), words(each["superclasses"])])
    head = (
        "Network", "AUC of nine", "F1 of nine", "AUC of all", "AUC on CPSC lead I",
        "F1 of N, A, O", "Super-class AUC",
    )  # fmt: skip
    return table(head, rows)
