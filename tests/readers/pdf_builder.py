"""PDF files written by hand, laid out as the reports of several makers are described.

None of them is a real file: what is known of the makers' layouts is who draws what in which order
and which words stand where.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

MM = 72 / 25.4
LEADS_12 = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
FS = 500.0


def beats(n_leads: int = 12, seconds: float = 10.0, fs: float = FS) -> np.ndarray:
    """Return smooth beats of another size and sign in every lead, in mV."""
    t = np.arange(round(seconds * fs)) / fs
    phase = (t * 1.2) % 1.0

    def bump(at: float, width: float) -> np.ndarray:
        return np.exp(-(((phase - at) / width) ** 2))

    wave = 0.12 * bump(0.2, 0.03) + 1.1 * bump(0.4, 0.012) - 0.25 * bump(0.43, 0.012)
    wave += 0.3 * bump(0.7, 0.05)
    size = np.linspace(-0.8, 1.4, n_leads)[:, None] + 0.05
    return size * wave + 0.02 * np.sin(2 * np.pi * 0.15 * t + np.arange(n_leads)[:, None])


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


@dataclass
class Sheet:
    """A page under construction, in millimetres from its lower left corner."""

    width: float = 297.0
    height: float = 210.0
    digits: int = 4
    ops: list[str] = field(default_factory=list)

    def pen(self, rgb: Sequence[float], width_pt: float) -> None:
        self.ops.append(f"{' '.join(map(number, rgb))} RG {number(width_pt)} w")

    def point(self, x: float, y: float) -> str:
        return f"{number(x * MM, self.digits)} {number(y * MM, self.digits)}"

    def line(self, xs: Iterable[float], ys: Iterable[float], end: str = "S") -> None:
        points = [self.point(x, y) for x, y in zip(xs, ys, strict=True)]
        self.ops.append(f"{points[0]} m " + " ".join(f"{p} l" for p in points[1:]) + f" {end}")

    def steps(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Draw every step as a line of its own."""
        for i in range(len(xs) - 1):
            self.line(xs[i : i + 2], ys[i : i + 2])

    def text(self, x: float, y: float, words: str, size: float = 9) -> None:
        escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self.ops.append(f"BT /F1 {number(size)} Tf {self.point(x, y)} Td ({escaped}) Tj ET")

    def grid(
        self, x0: float, y0: float, x1: float, y1: float, *, fine: float = 1.0, major: bool = True
    ) -> None:
        for step, rgb, width in ((fine, (1, 0.8, 0.8), 0.2), (5 * fine, (1, 0.5, 0.5), 0.5)):
            if step == fine or major:
                self.pen(rgb, width)
                for x in np.arange(x0, x1 + 1e-6, step):
                    self.line((x, x), (y0, y1))
                for y in np.arange(y0, y1 + 1e-6, step):
                    self.line((x0, x1), (y, y))

    def pulse(
        self, x: float, base: float, *, gain: float = 10.0, speed: float = 25.0, size: float = 1.0
    ) -> None:
        right, top = x + 0.2 * speed * size, base + gain * size
        self.line((x - 1, x, x, right, right, right + 1), (base, base, top, top, base, base))

    def black(self) -> None:
        self.pen((0, 0, 0), 0.5)

    @property
    def content(self) -> bytes:
        return "\n".join(self.ops).encode("latin-1")


def pdf_file(
    pages: Sequence[tuple[bytes, tuple[float, float, float, float]]],
    *,
    packed: bool = False,
    extra: str = "",
    trailer: str = "",
    filters: str = "/FlateDecode",
) -> bytes:
    """Return a PDF of pages given as content and box in points."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for content, box in pages:
        data = zlib.compress(content) if packed else content
        named = f" /Filter {filters}" if packed else ""
        objects.append(
            f"<< /Length {len(data)}{named} >>\nstream\n".encode() + data + b"\nendstream"
        )
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{' '.join(map(number, box))}] {extra} "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {len(objects)} 0 R >>".encode()
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>".encode()
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for index, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{index} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def one_page(sheet: Sheet, **more: object) -> bytes:
    box = (0.0, 0.0, sheet.width * MM, sheet.height * MM)
    return pdf_file([(sheet.content, box)], **more)  # type: ignore[arg-type]


def muse(
    signal: np.ndarray,
    *,
    words: str = "25mm/s    10mm/mV    100Hz    9.0.2    12SL 241 HD    CID: 1",
    rhythm: Sequence[str] = ("V1", "II", "V5"),
    fs: float = FS,
    grid: bool = True,
    pulse_gain: float = 10.0,
    labels: Sequence[str] = LEADS_12,
    size: float = 1.0,
    digits: int = 4,
) -> Sheet:
    """Return a sheet as GE MUSE prints it: a pulse before each row, four columns, then strips."""
    sheet = Sheet(digits=digits)
    rows = 3 + len(rhythm)
    base = [size * (160 - 25 * i) for i in range(rows)]
    if grid:
        sheet.grid(10, 5, 10 + 265 * size, 5 + 175 * size, fine=size)
    sheet.black()
    for y in base:
        sheet.pulse(14, y, gain=pulse_gain, size=size)
    quarter = signal.shape[1] // 4
    step = size * 25 / fs
    for index, lead in enumerate(labels):
        column, row = divmod(index, 3)
        part = signal[index, column * quarter : (column + 1) * quarter]
        x = 22 + step * (column * quarter + np.arange(part.size))
        sheet.line(x, base[row] + size * 10 * part)
        sheet.text(x[0] + 1, base[row] + 8 * size, lead)
    for row, lead in enumerate(rhythm, start=3):
        values = signal[LEADS_12.index(lead)]
        sheet.line(22 + step * np.arange(values.size), base[row] + size * 10 * values)
        sheet.text(23, base[row] + 8 * size, lead)
    sheet.text(12, 6, words, 7)
    sheet.text(12, 200, "DOE, JANE")
    sheet.text(12, 195, "60 yr")
    sheet.text(30, 195, "Female")
    return sheet


def philips(
    signal: np.ndarray,
    *,
    words: str = "Speed: 25 mm/sec   Limb: 10 mm/mV   Chest: 5 mm/mV   F 60~ 0.15-100 Hz",
    one_line: bool = True,
    chest: float = 5.0,
    fs: float = FS,
    third: float = 0.0,
) -> Sheet:
    """Return a sheet with one line a row through all four leads, each step drawn on its own."""
    sheet = Sheet()
    sheet.grid(10, 10, 270, 180)
    sheet.black()
    quarter = signal.shape[1] // 4
    gains = [10.0] * 6 + [chest] * 6
    for row in range(3):
        parts = [
            gains[3 * c + row] * signal[3 * c + row, c * quarter : (c + 1) * quarter]
            for c in range(4)
        ]
        values = np.concatenate(parts)
        base = 150 - 35 * row
        x = 15 + 25 / fs * np.arange(values.size)
        for c in range(4):
            sheet.text(16 + 62.5 * c + (third if c == 2 else 0), base + 12, LEADS_12[3 * c + row])
        if one_line:
            sheet.steps(x, base + values)
        else:
            for c in range(4):
                piece = slice(c * quarter, (c + 1) * quarter)
                sheet.line(x[piece], base + values[piece])
    values = signal[1]
    sheet.line(15 + 25 / fs * np.arange(values.size), 45 + 10 * values)
    sheet.text(16, 57, "II")
    sheet.text(12, 12, words, 7)
    return sheet


def kardia(
    signal: np.ndarray,
    *,
    fs: float = 300.0,
    rows: int = 3,
    words: str = "Enhanced Filter, Mains Frequency: 60Hz    Scale: 25mm/s, 10mm/mV",
    label: str = "Lead I",
) -> bytes:
    """Return a page of one lead in rows that share their end points, y downwards, in chunks."""
    sheet = Sheet(width=279.4, height=215.9, digits=3)
    turned = Sheet(width=279.4, height=215.9, digits=3)
    turned.ops.append(f"q 1 0 0 -1 0 {number(215.9 * MM)} cm")
    turned.grid(10, 40, 265, 190)
    turned.pen((0, 0, 0), 0.4)
    per_row = signal.shape[1] // rows
    for row in range(rows):
        values = signal[0, row * per_row : (row + 1) * per_row + 1]
        x = 12 + 25 / fs * np.arange(values.size)
        y = 70 + 40 * row - 10 * values
        for start in range(0, values.size - 1, 500):
            chunk = slice(start, start + 501)
            turned.line(x[chunk], y[chunk])
    turned.ops.append("Q")
    sheet.ops = turned.ops
    sheet.text(13, 215.9 - 55, label)
    sheet.text(12, 15, words, 7)
    return one_page(sheet, packed=True)


def kardia_six(signal: np.ndarray, *, fs: float = 300.0, pages: int = 2) -> bytes:
    """Return a summary page without traces, then pages of six leads."""
    first = Sheet(width=215.9, height=279.4)
    first.text(20, 250, "Normal Sinus Rhythm")
    made = [(first.content, (0.0, 0.0, 215.9 * MM, 279.4 * MM))]
    per_page = signal.shape[1] // pages
    for page in range(pages):
        sheet = Sheet(width=215.9, height=279.4)
        sheet.grid(5, 20, 210, 250)
        sheet.pen((0, 0, 0), 0.4)
        for row, lead in enumerate(LEADS_12[:6]):
            values = signal[row, page * per_page : (page + 1) * per_page]
            base = 235 - 35 * row
            sheet.line(8 + 25 / fs * np.arange(values.size), base + 10 * values)
            sheet.text(9, base + 12, lead)
        sheet.text(12, 12, "Scale: 25mm/s, 10mm/mV", 7)
        made.append((sheet.content, (0.0, 0.0, 215.9 * MM, 279.4 * MM)))
    return pdf_file(made, packed=True)


def apple(signal: np.ndarray, *, fs: float = 512.0, size: float = 0.93) -> Sheet:
    """Return three rows of 10 s, printed smaller than paper, the lead in a line of particulars."""
    sheet = Sheet(width=279.4, height=215.9)
    for row in range(3):
        top = 160 - 50 * row
        sheet.grid(20, top - 20 * size, 20 + 250 * size, top + 20 * size, fine=size)
    sheet.pen((0.9, 0.1, 0.2), 0.8)
    per_row = signal.shape[1] // 3
    for row in range(3):
        values = signal[0, row * per_row : (row + 1) * per_row]
        x = 20 + size * 25 / fs * np.arange(values.size)
        sheet.line(x, 160 - 50 * row + size * 10 * values)
    sheet.text(
        20, 20, "25 mm/s, 10 mm/mV, Lead I, 512Hz, iOS 17.0, watchOS 10.0, Watch6,1. Similar to a "
        "Lead I ECG.", 7,
    )  # fmt: skip
    sheet.text(20, 200, "Jane Doe")
    return sheet


def twelve_rows(
    signal: np.ndarray,
    *,
    speed: float = 50.0,
    gain: float = 10.0,
    fs: float = FS,
    label_up: float = 0.5,
    names: Sequence[str] = LEADS_12,
    turned: bool = False,
) -> bytes:
    """Return twelve rows, names at their left; turned: the ECG lies sideways on the page."""
    width = 30 + speed * signal.shape[1] / fs
    sheet = Sheet(width=max(297.0, width))
    if turned:
        sheet.ops.append(f"q 0 1 -1 0 {number(210 * MM)} 0 cm")
    sheet.grid(5, 5, sheet.width - 5, 190)
    sheet.black()
    for row, lead in enumerate(names):
        base = 180 - 15 * row
        sheet.line(20 + speed / fs * np.arange(signal.shape[1]), base + gain * signal[row])
        sheet.text(8, base + label_up, lead)
    sheet.text(8, 198, f"{number(speed)} mm/s   {number(gain)} mm/mV")
    if not turned:
        return one_page(sheet)
    sheet.ops.append("Q")
    return pdf_file([(sheet.content, (0.0, 0.0, 210 * MM, sheet.width * MM))])


def in_form(sheet: Sheet, matrix: str, before: str) -> bytes:
    """Return a page that draws the sheet as a drawing of its own, moved and scaled twice."""
    box = (0.0, 0.0, sheet.width * MM, sheet.height * MM)
    content = f"q {before} cm /X Do Q".encode()
    data = pdf_file([(content, box)])
    head, _, _ = data.partition(b"xref\n")
    head = head.replace(b"/Font << /F1 3 0 R >>", b"/XObject << /X 6 0 R >>")
    inner = sheet.content
    form = (
        f"6 0 obj\n<< /Length {len(inner)} /Type /XObject /Subtype /Form /BBox [0 0 2000 2000] "
        f"/Matrix [{matrix}] /Resources << /Font << /F1 3 0 R >> >> >>\nstream\n"
    )
    ended = b"\nendstream\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
    return head + form.encode() + inner + ended
