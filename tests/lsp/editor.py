"""An editor for the tests: pygls' own client, talking to the real server over its stdin and stdout."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


class Editor(LanguageClient):
    """Opens and edits files of a folder, and knows the diagnostics of each as they were sent last."""

    def __init__(self, folder: Path) -> None:
        super().__init__("editor", "1")
        self.folder = folder
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.messages: list[str] = []
        self.log: list[str] = []
        self._news = asyncio.Event()
        self._versions: dict[str, int] = {}

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def take(params: types.PublishDiagnosticsParams) -> None:
            self.shown[params.uri] = list(params.diagnostics)
            self._news.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def hear(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)
            self._news.set()

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def overhear(params: types.LogMessageParams) -> None:
            self.log.append(params.message)

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def codes(self, name: str) -> list[tuple[int, str]]:
        """The findings that are shown for a file, as (1-based line, hazard)."""
        return [(each.range.start.line + 1, str(each.code)) for each in self.shown.get(self.uri(name), [])]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until the server has told enough."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def open(self, name: str, text: str) -> None:
        self._versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), "python", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, name: str, text: str) -> None:
        """Make this the text of an open file, without saving it."""
        self._versions[name] += 1
        document = types.VersionedTextDocumentIdentifier(version=self._versions[name], uri=self.uri(name))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save(self, name: str) -> None:
        """Tell that a file was saved."""
        document = types.TextDocumentIdentifier(self.uri(name))
        self.text_document_did_save(types.DidSaveTextDocumentParams(document))

    async def actions(self, name: str) -> list[types.CodeAction]:
        """What can be done about the first finding that is shown for a file."""
        shown = self.shown[self.uri(name)][0]
        context = types.CodeActionContext(diagnostics=[shown])
        document = types.TextDocumentIdentifier(self.uri(name))
        params = types.CodeActionParams(text_document=document, range=shown.range, context=context)
        found = await self.text_document_code_action_async(params)
        return [each for each in found or [] if isinstance(each, types.CodeAction)]

    async def page(self, name: str, line: int, character: int) -> str:
        """What a hover shows, at a place counted from 0."""
        at = types.HoverParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character))
        found = await self.text_document_hover_async(at)
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else ""


@asynccontextmanager
async def editing(folder: Path) -> AsyncIterator[Editor]:
    """An editor on a folder, with a server of its own."""
    editor = Editor(folder)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    await editor.start_io(sys.executable, "-m", "hermetic", "lsp", env=environment, cwd=folder)
    await editor.initialize_async(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name)],
        )
    )
    editor.initialized(types.InitializedParams())
    try:
        yield editor
    finally:
        await editor.shutdown_async(None)
        editor.exit(None)
        await editor.stop()


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text of ASCII with edits made."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        first, last = (starts[at.line] + at.character for at in (edit.range.start, edit.range.end))
        text = text[:first] + edit.new_text + text[last:]
    return text
