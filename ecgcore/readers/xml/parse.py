"""XML as its readers see it: parsed safely, with plain names, from any usual encoding.

Documents that declare entities or a document type of their own are refused; a reference to an
outside one, as GE MUSE writes it, is passed over and never followed.  Size, depth and number of
elements are bounded while reading.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.base import MIB, clean_text

MAX_BYTES = 48 * MIB
MAX_DEPTH = 64
MAX_ELEMENTS = 400_000
_SNIFFED_CHARACTERS = 32_768
_MAX_REPAIRED = 10_000
_CHUNK = MIB

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_DECLARATION = re.compile(r"<\?xml(?=[\s?]).*?\?>", re.DOTALL)
_SPACE = re.compile(r"[\s\ufeff\x00]*")
_NAME = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_DOCTYPE_END = re.compile(r"\]\s*>")
# What XML 1.0 does not allow even as a character reference.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[eEfF]));"
)
_BARE_AMPERSAND = re.compile(r"&(?!#[0-9]+;|#x[0-9A-Fa-f]+;|[A-Za-z_][\w.-]{0,30};)")

# Encodings of text that may be declared; everything else that Python knows stays out.
_ENCODINGS = re.compile(
    r"ascii|utf-8(?:-sig)?|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|gb\w+|big5\w*|euc_\w+|shift_jis\w*|"
    r"hz|johab|tis-620|utf-(?:16|32)(?:-[lb]e)?"
)
# Expat's codes for a document that stops before its end.
_CUT_OFF = (3, 5, 6, 20)
_AFTER_END = 9


@dataclass(slots=True)
class Node:
    """An element: its name and its attributes' names in lower case, without namespaces.

    Attributes
    ----------
    name : str
    attributes : dict of str to str
    children : list of Node
    text : str
        All character data directly inside.
    """

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list["Node"]:
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, *path: str) -> "Node | None":
        """Return the first element along a path of child names, or None."""
        if not path:
            return self
        found = (child.first(*path[1:]) for child in self.children if child.name == path[0])
        return next((node for node in found if node is not None), None)

    def each(self, *names: str) -> Iterator["Node"]:
        """Yield all elements of these names inside, in document order."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.each(*names)

    def find(self, name: str) -> "Node | None":
        """Return the first element of that name at any depth, or None."""
        return next(self.each(name), None)

    def at(self, *path: str) -> "Node":
        """Return the first element along a path, or one without anything in it."""
        return self.first(*path) or Node("")

    def within(self, *names: str) -> "Node":
        """Return the first element of these names at any depth, or one without anything in it."""
        return next(self.each(*names), None) or Node("")

    def value(self, *path: str) -> str:
        """Return the stripped text of the element along a path; empty where there is none."""
        return self.at(*path).text.strip()

    def get(self, attribute: str, *path: str) -> str:
        """Return an attribute of the element along a path; empty where there is none."""
        return self.at(*path).attributes.get(attribute, "").strip()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of each child."""
        return ((child.name, child.text) for child in self.children)


def sniff_root(root: str) -> Callable[[str, bytes], bool]:
    """Return the ``sniff(name, head)`` of the documents with this root element."""
    return lambda name, head: find_root_name(head) == root


def find_root_name(head: bytes) -> str:
    """Return the root element's plain name in lower case, or "" where the bytes are no XML.

    Parameters
    ----------
    head : bytes
        The first bytes of a file.
    """
    return find_root(head)[0].lower()


def find_root(head: bytes) -> tuple[str, str]:
    """Return the root element's plain name as it is written, and its namespace; "" without one.

    Parameters
    ----------
    head : bytes
        The first bytes of a file.
    """
    encoding = _sniff_encoding(head) or "utf-8"
    text = head[: 2 * _SNIFFED_CHARACTERS].decode(encoding, errors="ignore")
    match = _skip_prolog(text[:_SNIFFED_CHARACTERS].removeprefix("\ufeff"))
    if match is None:
        return "", ""
    tag = match.string[match.start() : match.string.find(">", match.end())]
    prefix = re.match(r"<([\w.-]+):", tag)
    declared = re.search(
        rf"\sxmlns{':' + re.escape(prefix[1]) if prefix else ''}\s*=\s*[\"']([^\"']*)", tag
    )
    return match[1], declared[1] if declared else ""


def _skip_prolog(text: str) -> re.Match[str] | None:
    """Return the first tag after declaration, comments and document type."""
    at = 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches nothing too
        if text.startswith("<?", at):
            end = text.find("?>", at)
            width = 2
        elif text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            width = 3
        elif text.startswith("<!", at):
            end, width = _find_doctype_end(text, at)
        else:
            return _NAME.match(text, at)
        if end < 0:
            return None
        at = end + width


def _find_doctype_end(text: str, at: int) -> tuple[int, int]:
    close, inside = text.find(">", at), text.find("[", at)
    if 0 <= inside < close:
        match = _DOCTYPE_END.search(text, inside)
        return (match.start(), match.end() - match.start()) if match else (-1, 0)
    return close, 1


def _sniff_encoding(data: bytes) -> str | None:
    """Return the encoding that the first bytes show, or None."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}
    return pairs.get(data[:2])


def decode(data: bytes, notes: list[str]) -> str:
    """Return the document's text; what had to be repaired goes into ``notes``.

    A byte order mark or the pattern of the first bytes comes before the declared encoding; text
    that does not keep to UTF-8 is read as Windows-1252, what many devices write.
    """
    encoding = _sniff_encoding(data)
    if encoding is None:
        match = _DECLARED.search(data[:1024])
        declared = match[1].decode("ascii") if match else "utf-8"
        encoding = _find_encoding(declared)
        if encoding is None or encoding.startswith(("utf-16", "utf-32")):
            notes.append(
                f"The XML declares the encoding {clean_text(declared)}, but is not written in it."
            )
            encoding = "utf-8"
    elif encoding.startswith("utf-16"):
        data = data[: len(data) // 2 * 2]  # half a character at the end is none
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding.startswith("utf-8"):
            notes.append("Some text is not valid UTF-8 and was read as Windows-1252.")
            return data.removeprefix(codecs.BOM_UTF8).decode("cp1252", errors="replace")
        notes.append(f"Some characters are not valid {encoding} and were replaced.")
        return data.decode(encoding, errors="replace")


def _find_encoding(name: str) -> str | None:
    try:
        canonical = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    if canonical == "gb2312":
        return "gb18030"  # its superset, which is what Chinese devices mean
    return canonical if _ENCODINGS.fullmatch(canonical) else None


def _clean(text: str, notes: list[str]) -> str:
    """Remove the declaration, which no longer holds, and characters that XML forbids."""
    start = _SPACE.match(text).end()  # type: ignore[union-attr]  # matches nothing too
    declaration = _DECLARATION.match(text, start)
    body = text[declaration.end() if declaration else start :].rstrip(" \t\r\n\x00\x1a")
    if _FORBIDDEN.search(body):
        body = _FORBIDDEN.sub("", body)
        notes.append("Control characters in the XML were removed.")
    if "&#" in body:
        body = _FORBIDDEN_REFERENCE.sub("", body)
    return body


class _Builder(ContentHandler):
    """Builds the nodes; stops at the limits."""

    def __init__(self) -> None:
        super().__init__()
        self.root: Node | None = None
        self._open: list[tuple[Node, list[str]]] = []
        self._count = 0

    @property
    def finished(self) -> bool:
        return self.root is not None and not self._open

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise TooLargeError(
                f"The XML has more than {MAX_ELEMENTS} elements or is nested deeper than "
                f"{MAX_DEPTH} levels, which no ECG file needs."
            )
        node = Node(_local_name(name), {_local_name(key): value for key, value in attrs.items()})
        if self._open:
            self._open[-1][0].children.append(node)
        else:
            self.root = node
        self._open.append((node, []))

    def characters(self, content: str) -> None:
        self._open[-1][1].append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        node, parts = self._open.pop()
        text = "".join(parts)
        node.text = "" if text.isspace() else text


def _local_name(name: str) -> str:
    return name.rpartition(":")[2].lower()


class _Refused(Exception):  # noqa: N818 - never seen outside
    """The document declares a type of its own."""


class _Parser(DefusedExpatParser):
    """Refuses declarations inside the document; passes over a reference to outside ones."""

    def reset(self) -> None:
        super().reset()
        self._parser.StartDoctypeDeclHandler = self._start_doctype
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def _start_doctype(self, name: str, system: str, public: str, internal: int) -> None:
        if internal:
            raise _Refused


def parse(data: bytes, notes: list[str]) -> Node:
    """Return the root element of a document.

    Parameters
    ----------
    data : bytes
    notes : list of str
        Gets a sentence for everything repaired.

    Raises
    ------
    TooLargeError
        Above :data:`MAX_BYTES`, :data:`MAX_ELEMENTS` or :data:`MAX_DEPTH`.
    ReadError
        One sentence: declared entities, a document that is cut off, or no well-formed XML.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"The XML is larger than {MAX_BYTES / MIB:.0f} MB, the most that is read; choose a "
            "shorter recording."
        )
    text = _clean(decode(data, notes), notes)
    try:
        return _parse_text(text, notes)
    except SAXParseException as error:
        if text.count("&") > _MAX_REPAIRED or not _BARE_AMPERSAND.search(text):
            raise ReadError(_explain(error)) from error
    try:
        root = _parse_text(_BARE_AMPERSAND.sub("&amp;", text), notes)
    except SAXParseException as error:
        raise ReadError(_explain(error)) from error
    notes.append("The XML contains a bare & instead of &amp;; it was read as &amp;.")
    return root


def _parse_text(text: str, notes: list[str]) -> Node:
    builder = _Builder()
    parser = _Parser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(builder)
    try:
        for at in range(0, len(text), _CHUNK):
            parser.feed(text[at : at + _CHUNK])
        parser.close()
    except (DefusedXmlException, _Refused) as error:
        raise ReadError(
            "The XML declares entities or a document type of its own, which may do harm and which "
            "no ECG needs; export the file again without them."
        ) from error
    except SAXParseException as error:
        if not (builder.finished and _error_code(error) == _AFTER_END):
            raise
        notes.append("What follows the end of the XML document was left out.")
    except SAXException as error:
        raise ReadError("The XML cannot be read; export the file again.") from error
    if builder.root is None:
        raise ReadError("The XML contains no element; export the file again.")
    return builder.root


def _error_code(error: SAXParseException) -> int:
    cause = error.getException()
    return int(getattr(cause, "code", 0))


def _explain(error: SAXParseException) -> str:
    if _error_code(error) in _CUT_OFF:
        return "The XML ends before its elements are closed: the file is cut off; export it again."
    line = error.getLineNumber()
    reason = clean_text(error.getMessage())
    return f"Line {line} of the XML is not well-formed ({reason}); export the file again."
