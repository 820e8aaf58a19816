"""Write the pages of the interface: one per room, from its ``__all__``."""

import importlib
import inspect
from pathlib import Path

from skfocal.losses import list_losses

ROOMS = [
    "linear_model",
    "neural_network",
    "ensemble",
    "losses",
    "posterior",
    "decision",
    "inspection",
    "benchmark",
    "nn",
    "weights",
    "margins",
    "tasks",
    "model_selection",
]


def write_pages(app, config):
    """Write ``api/index.rst`` and a page for each room that is there."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    found = [room for room in ROOMS if importlib.util.find_spec(f"skfocal.{room}")]
    for room in found:
        _write(folder / f"{room}.rst", page(room))
    listed = "".join(f":doc:`skfocal.{room} <{room}>`\n   {first_line(room)}\n\n" for room in found)
    toc = "".join(f"   {room}\n" for room in found)
    _write(
        folder / "index.rst",
        heading("Interface")
        + "Everything public, room by room. What is not listed here is private and may change.\n\n"
        + f"{listed}.. toctree::\n   :hidden:\n\n{toc}",
    )


def first_line(room: str) -> str:
    """Return what a room is for."""
    return inspect.getdoc(importlib.import_module(f"skfocal.{room}")).splitlines()[0]


def page(room: str) -> str:
    """Return the page of a room."""
    module = importlib.import_module(f"skfocal.{room}")
    public = {name: getattr(module, name) for name in module.__all__}
    classes = [name for name, value in public.items() if inspect.isclass(value)]
    functions = [name for name, value in public.items() if inspect.isfunction(value)]
    cards = {name for name in classes if has_card(public[name])}
    classes = [name for name in classes if name not in cards]
    text = heading(f"skfocal.{room}") + inspect.getdoc(module) + "\n\n"
    text += f".. currentmodule:: skfocal.{room}\n\n"
    for title, names, template in (
        ("Classes", classes, "class.rst"),
        ("Functions", functions, "base.rst"),
    ):
        if names:
            listed = "".join(f"   {name}\n" for name in names)
            text += heading(title, "-")
            text += f".. autosummary::\n   :toctree: generated\n   :template: {template}\n"
            text += f"\n{listed}\n"
    if cards:
        text += "The losses themselves have :doc:`a card each </losses/index>`.\n"
    return text


def has_card(cls: type) -> bool:
    """Return whether a class is a registered loss, whose page is its card."""
    return getattr(cls, "name", None) in list_losses()


def heading(title: str, line: str = "=") -> str:
    """Return a heading."""
    return f"{title}\n{line * len(title)}\n\n"


def _write(path: Path, text: str):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app):
    """Connect to the build, before Sphinx looks for pages."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True}
