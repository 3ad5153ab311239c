"""Pages of a PDF through PDFium: drawn lines and words, with where they stand.

PDFium keeps coordinates as 32-bit floats: on an A4 page they are exact to 0.00002 mm.
"""

import ctypes
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage, raw

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.base import guard_library
from ecgcore.readers.pdf.page import Page, Phrase, Points, Stroke, Style

MM_PER_PT = 25.4 / 72
# Of all pages looked at together.
MAX_OBJECTS = 150_000
MAX_SEGMENTS = 300_000
MAX_CHARACTERS = 20_000
MAX_DEPTH = 8
_DAMAGED = "The PDF is damaged and cannot be opened; export it again."
_ENCRYPTED = "The PDF is encrypted; save it without a password, or print it to a new PDF."
# A filled rectangle as thin as this is a line (some printers draw grids so).
_THIN_MM = 0.4
# Wider gaps between letters, in letter sizes, part one phrase from the next.
_GAP, _SPACE, _RAISED = 0.75, 0.12, 0.3
# What PDFium says of a page that it could not place.
_LARGEST_MM = 1e5
Matrix = NDArray[np.float64]


@contextmanager
def open_document(data: bytes) -> Iterator[PdfDocument]:
    """Open a PDF for the block.

    Raises
    ------
    ReadError
        If it is damaged, or encrypted (also where only printing or copying is restricted).
    """
    with guard_library(_DAMAGED):
        try:
            document = PdfDocument(data)
        except PdfiumError as error:
            if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
                raise ReadError(_ENCRYPTED) from error
            raise
        try:
            if raw.FPDF_GetSecurityHandlerRevision(document.raw) != -1:
                raise ReadError(_ENCRYPTED)
            yield document
        finally:
            document.close()


@dataclass
class Budget:
    """How much has been taken from a document so far."""

    n_objects: int = 0
    n_segments: int = 0

    def spend(self, *, objects: int = 0, segments: int = 0) -> None:
        """Count what is taken.

        Raises
        ------
        TooLargeError
            If it is more than any ECG has.
        """
        self.n_objects += objects
        self.n_segments += segments
        if self.n_objects > MAX_OBJECTS or self.n_segments > MAX_SEGMENTS:
            raise TooLargeError(
                f"The PDF contains more than the {MAX_SEGMENTS} drawn lines that are read; give "
                "only the page of the ECG."
            )


@dataclass
class _Found:
    """What was met so far on one page."""

    budget: Budget
    strokes: list[Stroke] = field(default_factory=list)
    pictures_pt2: float = 0.0


def read_page(document: PdfDocument, number: int, budget: Budget) -> Page:
    """Return what is drawn on a page.

    Parameters
    ----------
    document : PdfDocument
    number : int
        From 1.
    budget : Budget

    Raises
    ------
    TooLargeError
        If the pages read so far hold more than any ECG does.
    """
    page = document[number - 1]
    try:
        found = _Found(budget)
        width, height = page.get_size()
        count = max(0, raw.FPDFPage_CountObjects(page.raw))
        budget.spend(objects=count)
        for index in range(count):
            _take(raw.FPDFPage_GetObject(page.raw, index), np.eye(3), found, depth=0)
        phrases, quarter = _group_phrases(page)
        strokes = [Stroke(_turn(s.points, quarter), s.style) for s in found.strokes]
        share = min(1.0, found.pictures_pt2 / max(1.0, width * height))
        return Page(number, strokes, phrases, share)
    finally:
        page.close()


# ---- lines


def _take(obj: "raw.FPDF_PAGEOBJECT", outer: Matrix, found: _Found, depth: int) -> None:
    if depth > MAX_DEPTH:
        return  # drawings in drawings: no printer of ECGs goes so deep
    kind = raw.FPDFPageObj_GetType(obj)
    if kind == raw.FPDF_PAGEOBJ_PATH:
        _take_path(obj, outer, found)
    elif kind == raw.FPDF_PAGEOBJ_IMAGE:
        found.pictures_pt2 += _measure_area(_read_matrix(obj) @ outer)
    elif kind == raw.FPDF_PAGEOBJ_FORM:
        inner = _read_matrix(obj) @ outer
        count = max(0, raw.FPDFFormObj_CountObjects(obj))
        found.budget.spend(objects=count)
        for index in range(count):
            _take(raw.FPDFFormObj_GetObject(obj, index), inner, found, depth + 1)


def _read_matrix(obj: "raw.FPDF_PAGEOBJECT") -> Matrix:
    got = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(obj, got):
        return np.eye(3)
    return np.array([[got.a, got.b, 0.0], [got.c, got.d, 0.0], [got.e, got.f, 1.0]])


def _measure_area(matrix: Matrix) -> float:
    area = abs(float(np.linalg.det(matrix[:2, :2])))
    return area if math.isfinite(area) else 0.0


def _take_path(obj: "raw.FPDF_PAGEOBJECT", outer: Matrix, found: _Found) -> None:
    count = raw.FPDFPath_CountSegments(obj)
    found.budget.spend(segments=max(0, count))
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(obj, fill, stroke)
    if not (fill.value or stroke.value):
        return
    style = _read_style(obj, stroked=bool(stroke.value))
    to_mm = (_read_matrix(obj) @ outer) * MM_PER_PT
    for part in _split_path(obj, count):
        points = part @ to_mm[:2, :2] + to_mm[2, :2]
        line = points if stroke.value else _as_thin_line(points)
        if line is not None and np.isfinite(line).all() and np.abs(line).max() < _LARGEST_MM:
            found.strokes.append(Stroke(line, style))


def _split_path(obj: "raw.FPDF_PAGEOBJECT", count: int) -> Iterator[Points]:
    """Yield the parts of a path that are drawn without lifting the pen; of a curve its ends."""
    part: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    in_curve = 0
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(obj, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            in_curve = (in_curve + 1) % 3
            if in_curve:
                continue  # two control points, then the end
        if kind == raw.FPDF_SEGMENT_MOVETO and len(part) > 1:
            yield np.array(part)
        part = [] if kind == raw.FPDF_SEGMENT_MOVETO else part
        part.append((x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment):
            part.append(part[0])
    if len(part) > 1:
        yield np.array(part)


def _as_thin_line(points: Points) -> Points | None:
    """Return the middle line of a filled shape that is as thin as a line, or None."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = high - low
    if not (size.min() <= _THIN_MM < size.max()):
        return None
    middle = (low + high) / 2
    along = int(size.argmax())
    ends = np.array([middle, middle])
    ends[:, along] = low[along], high[along]
    return ends


def _read_style(obj: "raw.FPDF_PAGEOBJECT", *, stroked: bool) -> Style:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    take = raw.FPDFPageObj_GetStrokeColor if stroked else raw.FPDFPageObj_GetFillColor
    take(obj, red, green, blue, alpha)
    width = ctypes.c_float()
    if stroked:
        raw.FPDFPageObj_GetStrokeWidth(obj, width)
    thickness = width.value if math.isfinite(width.value) else 0.0
    return red.value, green.value, blue.value, round(thickness, 3)


# ---- words


@dataclass
class _Letter:
    text: str
    x: float
    y: float
    end: float
    size: float


def _group_phrases(page: PdfPage) -> tuple[list[Phrase], int]:
    """Return the page's phrases and how many quarter turns make them upright."""
    textpage = page.get_textpage()
    try:
        count = raw.FPDFText_CountChars(textpage.raw)
        if count > MAX_CHARACTERS:
            raise TooLargeError(
                f"A page of the PDF has more than {MAX_CHARACTERS} letters; give only the page of "
                "the ECG."
            )
        drawn = [i for i in range(count) if not _is_added(textpage, i)]
        quarter = _count_quarter_turns(textpage, drawn)
        letters = [_read_letter(textpage, i, quarter) for i in drawn]
    finally:
        textpage.close()
    return _group([letter for letter in letters if math.isfinite(letter.x + letter.y)]), quarter


def _is_added(textpage: PdfTextPage, index: int) -> bool:
    """Return whether PDFium put this letter in itself (a space, an end of line)."""
    return raw.FPDFText_IsGenerated(textpage.raw, index) != 0


def _count_quarter_turns(textpage: PdfTextPage, drawn: list[int]) -> int:
    # PDFium counts angles clockwise.
    turns = Counter(
        round(-raw.FPDFText_GetCharAngle(textpage.raw, i) / (math.pi / 2)) % 4 for i in drawn
    )
    return turns.most_common(1)[0][0] if turns else 0


def _turn(points: Points, quarter: int) -> Points:
    """Return points turned clockwise by quarter turns, so that words become upright."""
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    return points @ np.array([[cos, -sin], [sin, cos]], dtype=np.float64)


def _read_letter(textpage: PdfTextPage, index: int, quarter: int) -> _Letter:
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage.raw, index, x, y)
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage.raw, index, box)
    corners = np.array([[x.value, y.value], [box.left, box.bottom], [box.right, box.top]])
    turned = _turn(corners * MM_PER_PT, quarter)
    code = raw.FPDFText_GetUnicode(textpage.raw, index)
    size = _measure_letter(textpage, index, float(abs(turned[2, 1] - turned[1, 1])))
    text = chr(code) if 0 < code <= 0x10FFFF else " "
    end = float(max(turned[1, 0], turned[2, 0]))
    return _Letter(text, float(turned[0, 0]), float(turned[0, 1]), end, size)


def _measure_letter(textpage: PdfTextPage, index: int, box_mm: float) -> float:
    """Return the size of a letter in mm: of its font, or by its box where that cannot be."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage.raw, index, matrix)
    size = (
        raw.FPDFText_GetFontSize(textpage.raw, index) * math.hypot(matrix.c, matrix.d) * MM_PER_PT
    )
    return max(0.1, size if 0.2 * box_mm <= size <= 1.5 * box_mm else box_mm / 1.2)


def _group(letters: list[_Letter]) -> list[Phrase]:
    """Return the phrases: letters of one base line, without a wide gap or two spaces between."""
    groups: list[list[_Letter]] = []
    last: _Letter | None = None
    spaces = 0
    for letter in letters:
        if letter.text.isspace():
            spaces += 1
            continue
        follows = last is not None and spaces < 2 and _follows(letter, last)
        if follows:
            groups[-1].append(letter)
        else:
            groups.append([letter])
        last, spaces = letter, 0
    return [phrase for group in groups if (phrase := _make_phrase(group)).text]


def _follows(letter: _Letter, last: _Letter) -> bool:
    gap = letter.x - last.end
    level = abs(letter.y - last.y) <= _RAISED * last.size
    return level and -last.size <= gap <= _GAP * last.size


def _make_phrase(group: list[_Letter]) -> Phrase:
    parts: list[str] = []
    for index, letter in enumerate(group):
        if index and letter.x - group[index - 1].end > _SPACE * letter.size:
            parts.append(" ")
        parts.append(letter.text)
    text = "".join(c if c.isprintable() else " " for c in "".join(parts))
    return Phrase(" ".join(text.split()), group[0].x, group[0].y)
