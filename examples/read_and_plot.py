"""Read a recording of any format and draw it on ECG paper.

python examples/read_and_plot.py FILE ecg.pdf
"""

import sys
from pathlib import Path

from ecgcore.readers import read
from ecgcore.render.paper import PaperSettings, lay_out, list_layouts
from ecgcore.render.pdf import pdf


def main(source: str, out: str) -> None:
    recording = read(source)
    print(f"{', '.join(recording.leads)}: {recording.duration_s:g} s at {recording.fs_hz:g} Hz")
    for note in recording.notes:
        print(f"  {note}")

    settings = PaperSettings(layout=list_layouts(recording.leads)[0])
    sheet = lay_out(recording.leads, recording.duration_s, settings)
    Path(out).write_bytes(pdf(recording, sheet, header=(Path(source).name,)))


if __name__ == "__main__":
    main(*sys.argv[1:])
