"""The server and its tools; all of them read, and only one, which has to be allowed, runs anything of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError

from .._catalogue import catalogue
from .._messages.explaining import explained
from .._messages.pages import pages
from .._naming import hazard_named
from .._report.explanation import render
from .._report.told import version
from ..errors import CheckFailed
from . import planning
from .roots import Roots
from .telling import Checked, checked

_READS = {"readOnlyHint": True, "openWorldHint": False}
_INSTRUCTIONS = """\
Session safety for SQLAlchemy. Call `check` after you changed code that touches a Session, a query or a mapped class, or
`check_diff` before you hand a change over: an edit in one file can break another. Call `explain_error` with a traceback
before you guess at a cure. Mend the cause; allow a finding by `# hermetic: allow[slug] reason` only when it is meant."""


class Tools:
    """The tools, for some folders."""

    def __init__(self, roots: Roots, python: Path | None) -> None:
        self._roots = roots
        self._python = python

    def check(self, path: str = ".", min_confidence: str = "likely") -> Checked:
        """Find what leaks from SQLAlchemy sessions in a file or a folder, without running it.

        The whole project is read, since a finding may rest on other files; told are those below `path`. min_confidence is
        `proven`, `likely` or `possible`.
        """
        try:
            root, place = self._roots.of(path)
            return checked(root.report(min_confidence), root.folder, place)
        except CheckFailed as error:
            raise ToolError(str(error)) from None

    def check_diff(self, revision: str = "HEAD", path: str = ".", min_confidence: str = "likely") -> Checked:
        """Find what leaks in the lines that were changed since a git revision, and in what these break elsewhere."""
        try:
            root, place = self._roots.of(path)
            return checked(root.report(min_confidence, revision), root.folder, place)
        except CheckFailed as error:
            raise ToolError(str(error)) from None

    def explain_error(self, text: str) -> str:
        """What an error message or a whole traceback of SQLAlchemy or a database means, the line to look at, and the cure."""
        found = explained(text)
        if not found:
            raise ToolError("no message in this text is known here; `check` may find the cause in the code")
        return render(found)

    def list_hazards(self) -> str:
        """Every mistake that is looked for, a line for each: its name, how grave it is, what it is."""
        return "\n".join(f"{slug} ({each.severity}): {each.title}" for slug, each in catalogue().items())

    def hazard_page(self, name: str) -> str:
        """The page of a hazard or of an error message: why it hurts, an example, what to write instead, when it is fine."""
        message = next((each for each in pages() if each.slug == name), None)
        if message is not None:
            return message.document
        try:
            return hazard_named(name).page.strip()
        except CheckFailed as error:
            raise ToolError(str(error)) from None

    def plan(self, dto: str, entity: str) -> str:
        """The SQL and the number of queries by which a DTO is read from a mapped class; both are named as module:Class."""
        folder = self._roots.first.folder
        try:
            return planning.plan(folder, planning.interpreter(folder, self._python), dto, entity)
        except CheckFailed as error:
            raise ToolError(str(error)) from None


def server(folders: tuple[Path, ...], python: Path | None, *, allow_import: bool) -> FastMCP[Any]:
    """A server on some folders; it offers `plan` only where importing the project's code is allowed."""
    tools = Tools(Roots(folders), python)
    made: FastMCP[Any] = FastMCP("hermetic", _INSTRUCTIONS, version=version())
    for tool in (tools.check, tools.check_diff, tools.explain_error, tools.list_hazards, tools.hazard_page):
        made.tool(tool, annotations=_READS)
    if allow_import:
        made.tool(tools.plan, annotations={"readOnlyHint": False, "openWorldHint": True})
    return made
