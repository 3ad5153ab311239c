"""Ask a network about a recording, and where it looked for each statement that it flags.

python examples/predict_and_explain.py FILE
"""

import sys

from ecgcore.explain import explain
from ecgcore.inference import load_model, predict
from ecgcore.readers import read


def main(source: str) -> None:
    recording, model = read(source), load_model()
    prediction = predict(model, recording)
    if prediction.abstained:
        print(f"Not assessed: {prediction.abstain_reason}")
    for finding in prediction.findings:
        if not finding.finding:
            continue
        print(f"{finding.name}: {finding.probability:.2f} (from {finding.threshold:.2f})")
        where = explain(model, recording, finding.code, "hirescam")
        share = where.lead_share()
        leads = sorted(share, key=share.__getitem__, reverse=True)[:3]
        print("  of the attribution:", ", ".join(f"{lead} {share[lead]:.0%}" for lead in leads))
        for check in where.self_check:
            if check.passed is not None:
                print(f"  {check.name}: {'passed' if check.passed else 'not passed'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
