"""A PDF of the made recording, for what every reader must do."""

from pathlib import Path

import pdf_builder as b
from made_files import FS_HZ, NAME, Made, truth_mv


def _pdf(folder: Path) -> Made:
    del folder
    sheet = b.Sheet()
    sheet.grid(5, 5, 290, 195)
    sheet.black()
    for row, (lead, values) in enumerate(zip(b.LEADS_12, truth_mv(), strict=True)):
        base = 180 - 15 * row
        sheet.pulse(10, base)
        sheet.line([20 + 25 / FS_HZ * i for i in range(values.size)], base + 10 * values)
        sheet.text(21, base + 6, lead)
    for x, words in ((10, f"{NAME}, Jane"), (60, "56 yr"), (90, "Female"), (150, "25mm/s 10mm/mV")):
        sheet.text(x, 200, words)
    return Made({"ecg.pdf": b.one_page(sheet, packed=True)}, "ecg.pdf", "PDF", 0.0002)


PDF = {"pdf": _pdf}
