"""FHIR's XML as FHIR's JSON has it (its two formats say the same, element for element)."""

from typing import Any

from ecgcore.readers.xml.parse import Node, find_root_name

_NAMESPACE = b"hl7.org/fhir"
RESOURCES = {
    name.lower(): name
    for name in ("Observation", "Bundle", "DiagnosticReport", "Patient", "Device")
}
# Names in lower case, as the parser gives them, and as the standard writes them.
_NAMES = {
    name.lower(): name
    for name in (
        "valueSampledData", "valueQuantity", "valueString", "effectiveDateTime",
        "effectiveInstant", "effectivePeriod", "lowerLimit", "upperLimit", "intervalUnit",
        "birthDate", "deviceName", "modelNumber",
    )
}  # fmt: skip
# Elements that may repeat are lists in JSON even where there is one.
_LISTS = frozenset(
    ("component", "coding", "entry", "contained", "given", "identifier", "interpretation",
     "deviceName")
)  # fmt: skip
# A person has names with parts, a device one that is a text.
_LISTS_OF_PARTS = frozenset(("name",))


def is_fhir_xml(head: bytes) -> bool:
    """Return whether the content is a FHIR resource as XML, of a kind that may hold an ECG."""
    known = find_root_name(head) in RESOURCES
    plain = head.replace(b"\x00", b"")
    return known and (_NAMESPACE in plain or b"valueSampledData" in plain)


def to_json(root: Node) -> dict[str, Any]:
    """Return a resource as its JSON would be read; numbers stay the texts that they are."""
    return {"resourceType": RESOURCES.get(root.name, root.name), **_convert_content(root)}


def _convert_content(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in node.children:
        name = _NAMES.get(child.name, child.name)
        value = _convert_value(child)
        if name in _LISTS or (name in _LISTS_OF_PARTS and isinstance(value, dict)):
            found.setdefault(name, []).append(value)
        else:
            found.setdefault(name, value)
    return found


def _convert_value(node: Node) -> Any:
    if node.name in ("resource", "contained") and len(node.children) == 1:
        return to_json(node.children[0])
    if "value" in node.attributes and not node.children:
        return node.attributes["value"]
    return _convert_content(node)
