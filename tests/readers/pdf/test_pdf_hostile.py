"""PDF files made to harm: bombs, loops, thousands of pages, damage."""

import base64
import zlib

import numpy as np
import pdf_builder as b
import pytest

from ecgcore import readers
from ecgcore.errors import EcgError, ReadError, TooLargeError
from ecgcore.readers import ReadOptions
from ecgcore.readers.base import Source
from ecgcore.readers.isolated import IsolatedReader
from ecgcore.readers.pdf import document, reader, traces
from ecgcore.readers.pdf.packed import MAX_EXPANDED_BYTES, MAX_WRITTEN_BYTES, check_expansion
from ecgcore.readers.pdf.reader import read_here
from ecgcore.recording import Recording

BOX = (0.0, 0.0, 842.0, 595.0)
LINE = b"0 0 m 1 1 l S "


def read(data: bytes) -> Recording:
    options = ReadOptions()
    return read_here(Source("x.pdf", options, files={"x.pdf": data}), options)


def page_of(content: bytes, **more) -> bytes:
    return b.pdf_file([(content, BOX)], **more)


def large(count: int = MAX_WRITTEN_BYTES // len(LINE) + 1) -> bytes:
    return LINE * count


def test_a_decompression_bomb_is_stopped_before_pdfium_opens_it(monkeypatch):
    monkeypatch.setattr(document, "PdfDocument", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(TooLargeError, match="larger than is read"):
        read(page_of(large(), packed=True))


@pytest.mark.parametrize("layers", [2, 3])
def test_a_bomb_in_layers_is_stopped(layers):
    content = large()
    for _ in range(layers - 1):
        content = zlib.compress(content)
    filters = "[" + "/FlateDecode " * layers + "]"
    with pytest.raises(TooLargeError, match="larger than is read"):
        read(page_of(content, packed=True, filters=filters))


def test_more_layers_than_any_printer_makes_are_refused():
    content = b"0 0 m"
    for _ in range(6):
        content = zlib.compress(content)
    with pytest.raises(TooLargeError, match="many times over"):
        read(page_of(content, packed=True))


@pytest.mark.parametrize("written", [base64.a85encode, lambda d: d.hex().encode()])
def test_a_bomb_written_as_text_is_stopped(written):
    end = b"~>" if written is base64.a85encode else b">"
    content = written(zlib.compress(large())) + end
    with pytest.raises(TooLargeError, match="larger than is read"):
        check_expansion(page_of(content), MAX_EXPANDED_BYTES)


def test_old_compression_is_refused():
    with pytest.raises(ReadError, match="LZW"):
        read(page_of(b"", extra="/X << /Filter /LZWDecode >>"))


@pytest.mark.parametrize("word", [b"q ", b"/P BMC "])
def test_endless_saving_of_states_is_stopped(word):
    with pytest.raises(TooLargeError, match="larger than is read"):
        read(page_of(word * 500_000, packed=True))


def test_the_callers_own_limit_holds():
    with pytest.raises(TooLargeError, match="1 MB unpacked"):
        check_expansion(page_of(LINE * 100_000, packed=True), 2**20)


def test_too_many_lines_are_refused(monkeypatch):
    monkeypatch.setattr(document, "MAX_OBJECTS", 1000)
    with pytest.raises(TooLargeError, match="drawn lines"):
        read(page_of(LINE * 1001))
    monkeypatch.setattr(document, "MAX_SEGMENTS", 1000)
    with pytest.raises(TooLargeError, match="drawn lines"):
        read(page_of(b"0 0 m " + b"1 1 l " * 1001 + b"S"))


def test_too_many_letters_are_refused(monkeypatch):
    monkeypatch.setattr(document, "MAX_CHARACTERS", 100)
    with pytest.raises(TooLargeError, match="letters"):
        read(page_of(b"BT /F1 9 Tf 10 10 Td (" + b"A" * 101 + b") Tj ET"))


def test_too_many_traces_are_refused(monkeypatch):
    monkeypatch.setattr(traces, "MAX_TRACES", 10)
    with pytest.raises(TooLargeError, match="lines like traces"):
        read(b.one_page(b.muse(b.beats())))


def test_of_ten_thousand_pages_the_first_are_looked_at(monkeypatch):
    looked = []
    take = reader.read_page
    monkeypatch.setattr(reader, "read_page", lambda d, n, c: looked.append(n) or take(d, n, c))
    with pytest.raises(ReadError, match="first 20 of its 10000 pages"):
        read(b.pdf_file([(b"", BOX)] * 10_000))
    assert looked == list(range(1, 21))


def test_a_heavy_page_after_the_ecg_does_not_spoil_it(monkeypatch):
    first = b.muse(b.beats())
    monkeypatch.setattr(document, "MAX_OBJECTS", len(first.ops) + 100)
    recording = read(b.pdf_file([(first.content, BOX), (LINE * 1000, BOX)]))
    assert "Page 1 of 2 was read; pages after 1 were not looked at." in recording.notes


def form(content: bytes, number: int | None) -> bytes:
    inner = f" /Resources << /XObject << /X {number} 0 R >> >>" if number else ""
    head = f"<< /Length {len(content)} /Type /XObject /Subtype /Form /BBox [0 0 9 9]{inner} >>"
    return head.encode() + b"\nstream\n" + content + b"\nendstream"


def with_forms(depth: int, each: int) -> bytes:
    """Return a page that draws a drawing, which draws a drawing ..., each several times."""
    data = b.pdf_file([(b"/X Do " * each, BOX)], extra="/M 1")
    head, _, _ = data.partition(b"xref\n")
    head = head.replace(b"/Font << /F1 3 0 R >>", b"/XObject << /X 6 0 R >>")
    for level in range(depth):
        last = level == depth - 1
        body = form(LINE * 100 if last else b"/X Do " * each, None if last else 7 + level)
        head += f"{6 + level} 0 obj\n".encode() + body + b"\nendobj\n"
    return head + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def test_drawings_in_drawings_are_read_and_multiplied_ones_end_only_the_worker():
    with pytest.raises(ReadError, match="no traces"):
        read(with_forms(3, 2))
    worker = IsolatedReader(max_seconds=10.0, max_memory_bytes=256 * 2**20)
    try:
        for data in (with_forms(9, 12), b.one_page(b.muse(b.beats()))):
            _, result = worker.read_many({"x.pdf": data}, ReadOptions())[0]
        assert isinstance(result, Recording)
    finally:
        worker.close()


def test_a_drawing_that_draws_itself_ends_in_a_sentence(monkeypatch):
    monkeypatch.delenv("ECGCORE_IN_WORKER", raising=False)
    data = with_forms(2, 1).replace(b"7 0 R", b"6 0 R")
    with pytest.raises(EcgError) as caught:
        readers.read({"x.pdf": data})
    assert str(caught.value).endswith(".")


def test_loops_in_the_tree_of_pages():
    data = page_of(b"").replace(b"/Kids [5 0 R]", b"/Kids [2 0 R 2 0 R]")
    with pytest.raises(EcgError):
        read(data)


def outcome(data: bytes) -> Recording | EcgError:
    try:
        return read(data)
    except EcgError as error:
        return error


@pytest.mark.parametrize("number", ["1e38", "99999999999999999999", "-0", ".", "--5", "nan"])
def test_absurd_numbers(number):
    content = b.muse(b.beats()).content.replace(b"62.", number.encode() + b" ", 400)
    found = outcome(page_of(content))
    assert isinstance(found, EcgError) or np.isfinite(found.fs_hz)


def test_a_cut_file_never_ends_in_anything_else_than_a_recording_or_a_sentence():
    data = b.one_page(b.muse(b.beats()), packed=True)
    rng = np.random.default_rng(3)
    for _ in range(25):
        content = bytearray(data[: rng.integers(10, len(data))])
        for _ in range(rng.integers(8)):
            content[rng.integers(9, len(content))] = rng.integers(256)
        found = outcome(bytes(content))
        assert isinstance(found, Recording) or str(found).endswith(".")
