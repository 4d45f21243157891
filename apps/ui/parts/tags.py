"""Elements as HTML knows them. Text is text: nothing that comes from a project or a person is ever read as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from infra.errors import KinofarmError


def tag(name: str, text: str = "", classes: str = "", /, **attributes: Any) -> TextElement:
    """Return an element.

    Args:    attributes: `aria_label` is aria-label; None is left out.
    """
    made = TextElement(tag=name, text=text)
    if classes:
        made.classes(classes)
    for key, value in attributes.items():
        if value is not None:
            # of a field only the first value is ours (in Vue's words ^value): what is typed stays when it is drawn again
            first = name == "input" and key == "value"
            made.props["^value" if first else key.rstrip("_").replace("_", "-")] = value
    return made


def set_attribute(element: Element, name: str, value: Any) -> None:
    """Set an attribute of an element that is shown, where it differs."""
    if element.props.get(name) != value:
        if value is None:
            element.props.pop(name, None)
        else:
            element.props[name] = value
        element.update()


def set_classes(element: Element, classes: str) -> None:
    """Give an element these classes in place of those it has."""
    if " ".join(element.classes) != classes:
        element.classes(replace=classes)


def icon(name: str, classes: str = "icon") -> Element:
    """Return a picture out of the page's own set; it is ornament, what it means stands beside it."""
    with tag("svg", "", classes, aria_hidden="true", viewBox="0 0 20 20") as made:
        tag("use", href=f"/ui/static/icons.svg#{name}")
    return made


def button(text: str, pressed: Callable[..., Any], kind: str = "", picture: str = "", **attributes: Any) -> TextElement:
    """Return a button. kind: primary, quiet, danger."""
    made = tag("button", "", f"button {kind}".strip(), type="button", **attributes)
    with made:
        if picture:
            icon(picture)
        tag("span", text)
    made.on("click", pressed, args=[])
    return made


def link(text: str, to: str, classes: str = "", /, **attributes: Any) -> TextElement:
    """Return a link. to: an address of this page, or a local one that was checked."""
    return tag("a", text, classes, href=to, **attributes)


def empty(title: str, text: str, picture: str = "film") -> TextElement:
    """Show that there is nothing, and how there will be something."""
    with tag("div", "", "empty") as made:
        icon(picture, "icon empty-icon")
        tag("p", title, "empty-title")
        tag("p", text, "empty-text")
    return made


def panel(title: str = "", classes: str = "", *, level: str = "h2", note: str = "") -> TextElement:
    """Return a panel with a heading; what is made in it follows."""
    made = tag("section", "", f"panel {classes}".strip())
    if title:
        with made, tag("header", "", "panel-head"):
            tag(level, title)
            if note:
                tag("p", note, "note")
    return made


def error_box(error: KinofarmError | dict[str, Any], classes: str = "") -> TextElement:
    """Show an error as everywhere: its code, what is wrong, where, and what to do."""
    told = error.as_dict() if isinstance(error, KinofarmError) else error
    with tag("div", "", f"error {classes}".strip(), role="alert") as made:
        with tag("p", "", "error-line"):
            tag("code", str(told.get("code", "")), "code")
            tag("span", str(told.get("message", "")))
        if told.get("where"):
            tag("p", f"in {told['where']}", "error-where")
        if told.get("detail"):
            tag("p", str(told["detail"]), "error-detail")
        if told.get("hint"):
            tag("p", f"Try: {told['hint']}", "error-hint")
    return made


def facts(rows: Iterable[tuple[str, str]], classes: str = "") -> TextElement:
    """Show names and values."""
    with tag("dl", "", f"facts {classes}".strip()) as made:
        for name, value in rows:
            with tag("div"):
                tag("dt", name)
                tag("dd", value)
    return made


def table(caption: str, columns: Iterable[str], classes: str = "") -> TextElement:
    """Return the body of a table with these columns: rows are made in it. The caption is for those who can't see."""
    with (
        tag("div", "", "table-frame", tabindex=0, role="region", aria_label=caption),
        tag("table", "", f"table {classes}".strip()),
    ):
        tag("caption", caption, "unseen")
        with tag("thead"), tag("tr"):
            for column in columns:
                with tag("th", column, scope="col"):
                    if not column:
                        tag("span", "What can be done", "unseen")
        return tag("tbody")


def cell(text: str = "", classes: str = "", label: str = "") -> TextElement:
    """Return a cell of a table. label: its column's name, shown where the table is folded into cards."""
    return tag("td", text, classes, data_label=label or None)
