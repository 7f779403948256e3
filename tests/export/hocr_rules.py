"""Check hOCR against the rules of its specification, for what the server writes of it.

Source: Thomas Breuel and Konstantin Baierer, "hOCR 1.2", 2020.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

XHTML = "{http://www.w3.org/1999/xhtml}"
ROUNDING_PX = 1  # each box is rounded to whole pixels on its own

Box = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What an element of one class must be and may have."""

    tag: str
    parents: tuple[str, ...]  # class of the nearest ancestor that has one
    needs: tuple[str, ...]  # properties that must be there
    may: tuple[str, ...] = ()  # those that can be


ON_PAGE = ("ocr_page",)
AREAS = ("ocr_carea", "ocr_photo", "ocr_separator", "ocr_table")
CLASSES = {
    "ocr_page": Rule("div", (), ("bbox", "ppageno"), ("image", "scan_res")),
    **{name: Rule("div", ON_PAGE, ("bbox",), ("poly",)) for name in AREAS},
    "ocr_par": Rule("p", AREAS, ("bbox",)),
    "ocr_line": Rule("span", ("ocr_par",), ("bbox",), ("poly", "baseline", "textangle", "x_size")),
    "ocrx_word": Rule("span", ("ocr_line",), ("bbox", "x_wconf"), ("poly",)),
    "ocrx_cinfo": Rule("span", ("ocrx_word",), ("x_bboxes", "x_confs")),
}

WHOLE, NUMBER = r"\d+", r"-?\d+(?:\.\d+)?"
PERCENT = r"(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)"
PROPERTIES = {
    "baseline": f"{NUMBER} {NUMBER}",
    "bbox": f"{WHOLE}(?: {WHOLE}){{3}}",
    "image": r'"[^"]+"',
    "poly": f"{NUMBER} {NUMBER}(?: {NUMBER} {NUMBER}){{2,}}",
    "ppageno": WHOLE,
    "scan_res": f"{WHOLE} {WHOLE}",
    "textangle": NUMBER,
    "x_bboxes": f"{WHOLE}(?: {WHOLE}){{3}}",
    "x_confs": PERCENT,
    "x_size": NUMBER,
    "x_wconf": PERCENT,
}
CAPABILITIES = {"poly": "ocrp_poly", "x_wconf": "ocrp_wconf"}
ATTRIBUTES = {"lang": "ocrp_lang", "dir": "ocrp_dir"}
METADATA = ("ocr-system", "ocr-capabilities", "ocr-number-of-pages", "ocr-langs")


def hocr_faults(hocr: bytes) -> list[str]:
    """A sentence for each rule that the document breaks."""
    try:
        root = ElementTree.fromstring(hocr)  # noqa: S314  # our own
    except ElementTree.ParseError as error:
        return [f"The document is not well-formed: {error}."]
    if root.tag != f"{XHTML}html":
        return [f"The root is {root.tag}, not html of XHTML."]
    faults = list(_metadata(root))
    capabilities = _meta(root, "ocr-capabilities").split()
    pages = [element for element in root.iter() if element.get("class") == "ocr_page"]
    if _meta(root, "ocr-number-of-pages") != str(len(pages)):
        faults.append(f"ocr-number-of-pages is not {len(pages)}.")
    numbers = [_properties(page).get("ppageno") for page in pages]
    if numbers != [str(number) for number in range(len(pages))]:
        faults.append(f"ppageno does not count from 0: {numbers}.")
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    if len(set(identities)) < len(identities):
        faults.append("An id stands twice.")
    faults += _elements(root, None, capabilities)
    return faults


def _metadata(root: Element) -> Iterator[str]:
    for name in METADATA:
        found = [meta for meta in root.iter(f"{XHTML}meta") if meta.get("name") == name]
        if len(found) != 1 or not found[0].get("content"):
            yield f"The metadata must have one {name}."


def _meta(root: Element, name: str) -> str:
    return next((meta.get("content", "") for meta in root.iter() if meta.get("name") == name), "")


def _elements(element: Element, parent: Element | None, capabilities: list[str]) -> Iterator[str]:
    """Faults of the element's descendants; `parent` is the nearest that has a class."""
    for child in element:
        if child.get("class") is None:
            yield from _elements(child, parent, capabilities)
        else:
            yield from _element(child, parent, capabilities)
            yield from _elements(child, child, capabilities)


def _element(element: Element, parent: Element | None, capabilities: list[str]) -> Iterator[str]:
    name = element.get("class", "")
    shown = f"{name} {element.get('id', '')}".strip()
    rule = CLASSES.get(name)
    if rule is None:
        yield f"{shown}: the class is not known."
        return
    if element.tag != XHTML + rule.tag:
        yield f"{shown}: the element must be {rule.tag}."
    above = () if parent is None else (parent.get("class"),)
    if above != rule.parents and not set(above) & set(rule.parents):
        yield f"{shown}: it stands in {above or 'nothing'}, not in {rule.parents or 'nothing'}."

    properties = _properties(element)
    for wanted in set(rule.needs) - set(properties):
        yield f"{shown}: the property {wanted} is missing."
    for excess in set(properties) - {*rule.needs, *rule.may}:
        yield f"{shown}: the property {excess} does not belong here."
    for key, value in properties.items():
        if key in PROPERTIES and not re.fullmatch(PROPERTIES[key], value):
            yield f"{shown}: {key} is “{value}”."
    if len(properties) < element.get("title", "").count(";") + 1:
        yield f"{shown}: a property stands twice."

    used = [name, *(CAPABILITIES[key] for key in properties if key in CAPABILITIES)]
    used += [ATTRIBUTES[key] for key in element.attrib if key in ATTRIBUTES]
    for capability in set(used) - set(capabilities):
        yield f"{shown}: the capability {capability} is not declared."
    yield from (f"{shown}: {fault}" for fault in _place(element, parent))


def _place(element: Element, parent: Element | None) -> Iterator[str]:
    box = _box(element)
    if box is None:
        return
    left, top, right, bottom = box
    if left > right or top > bottom:
        yield "the box is inside out."
    outer = None if parent is None else _box(parent)
    if outer and (
        left < outer[0] - ROUNDING_PX
        or top < outer[1] - ROUNDING_PX
        or right > outer[2] + ROUNDING_PX
        or bottom > outer[3] + ROUNDING_PX
    ):
        yield "the box reaches out of its parent’s."


def _properties(element: Element) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in element.get("title", "").split(";"))
    return {name: value for name, _, value in parts}


def _box(element: Element) -> Box | None:
    properties = _properties(element)
    value = properties.get("bbox") or properties.get("x_bboxes") or ""
    if not re.fullmatch(PROPERTIES["bbox"], value):
        return None
    return tuple(float(number) for number in value.split())
