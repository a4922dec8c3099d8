"""The server: hands what an editor tells to the folder it belongs to, and shows what that finds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from .._catalogue import Finding
from .._check.source.discover import MARKDOWN, PYTHON, shown
from .._check.source.places import project_root
from .._report.told import version
from . import actions
from .folder import Folder
from .looking import Looking
from .wording import SOURCE, diagnostic, page, placed

_TOKEN = "hermetic"


class Server(LanguageServer):
    """A language server of folders."""

    def __init__(self) -> None:
        super().__init__(SOURCE, version(), text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        self.folders: dict[Path, Folder] = {}

    def open(self, root: Path) -> Folder:
        """The folder at a path; it is looked at from now on."""
        if root not in self.folders:
            self.folders[root] = Folder(root, _Screen(self, root), Looking(root))
            self.folders[root].look()
        return self.folders[root]

    def place(self, uri: str) -> tuple[Folder, str] | None:
        """The folder of a file and the file's name in it; a file outside of all brings its own project."""
        path = to_fs_path(uri)
        if path is None or Path(path).suffix not in PYTHON + MARKDOWN:
            return None
        file = Path(path)
        inside = [root for root in self.folders if file.is_relative_to(root)]
        root = max(inside, key=lambda each: len(each.parts)) if inside else project_root(file.parent) or file.parent
        return self.open(root), shown(file, root)

    def document(self, uri: str) -> tuple[Folder, str, list[Finding]]:
        """The folder, the text and the shown findings of an open file."""
        found = self.place(uri)
        if found is None or found[1] not in found[0].documents:
            raise LookupError(uri)
        document = found[0].documents[found[1]]
        return found[0], document.text, document.shown

    def edited(self, uri: str) -> None:
        """The text of an open file is another one."""
        if found := self.place(uri):
            found[0].edit(found[1], _normal(self.workspace.get_text_document(uri).source))

    def stop(self) -> None:
        """End all that works for the server."""
        while self.folders:
            self.folders.popitem()[1].stop()


class _Screen:
    """The client, for one folder."""

    def __init__(self, server: Server, root: Path) -> None:
        self._server = server
        self._root = root
        self._last: dict[str, list[types.Diagnostic]] = {}
        self._is_first = True

    def show(self, name: str, text: str | None, findings: Sequence[Finding]) -> None:
        """Send the findings of a file, if they are others than before."""
        text = self._read(name) if text is None and findings else text
        codec = self._server.workspace.position_codec
        told = [diagnostic(each, text, codec, self._uri) for each in findings]
        if self._last.get(name, []) != told or (text is not None and name not in self._last):
            self._last[name] = told
            params = types.PublishDiagnosticsParams(uri=self._uri(name), diagnostics=told)
            self._server.text_document_publish_diagnostics(params)

    def warn(self, sentence: str) -> None:
        """Tell that no check is possible."""
        params = types.ShowMessageParams(types.MessageType.Warning, f"hermetic: {sentence}")
        self._server.window_show_message(params)

    def busy(self, is_busy: bool) -> None:
        """Tell in the log that the first look has begun, or ended; those that follow are short."""
        if not self._is_first:
            return
        self._is_first = is_busy
        told = "looking at" if is_busy else "looked at"
        params = types.LogMessageParams(types.MessageType.Info, f"hermetic: {told} {self._root}")
        self._server.window_log_message(params)

    def _uri(self, name: str) -> str:
        return from_fs_path(str(self._root / name)) or ""

    def _read(self, name: str) -> str | None:
        try:
            return (self._root / name).read_text("utf-8-sig")
        except (OSError, ValueError):
            return None


def _normal(text: str) -> str:
    """A text as files are read: each line ended by a newline character, no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def server() -> Server:
    """A server with all that it offers."""
    made = Server()

    @made.feature(types.INITIALIZED)
    def initialized(ls: Server, _params: types.InitializedParams) -> None:
        for folder in ls.workspace.folders.values():
            if path := to_fs_path(folder.uri):
                ls.open(Path(path))
        if not ls.folders and ls.workspace.root_path:
            ls.open(Path(ls.workspace.root_path))

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        ls.edited(params.text_document.uri)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        ls.edited(params.text_document.uri)

    @made.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
        if found := ls.place(params.text_document.uri):
            found[0].close(found[1])

    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: Server, _params: types.DidSaveTextDocumentParams) -> None:
        _look(ls)

    @made.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def touched(ls: Server, _params: types.DidChangeWatchedFilesParams) -> None:
        _look(ls)

    @made.feature(types.SHUTDOWN)
    def ended(ls: Server, _params: None) -> None:
        ls.stop()

    made.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    kinds = [types.CodeActionKind.QuickFix]
    made.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))(_actions)
    return made


def _look(ls: Server) -> None:
    for folder in ls.folders.values():
        folder.look()


def _hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """The findings at a place, each with its hazard's page."""
    try:
        _, text, findings = ls.document(params.text_document.uri)
    except LookupError:
        return None
    codec = ls.workspace.position_codec
    here = [(each, span) for each in findings if _holds(span := placed(each, text, codec), params.position)]
    if not here:
        return None
    told = "\n\n---\n\n".join(page(each) for each, _ in here)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, told), here[0][1])


async def _actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings in a range: fixes that were tried and held, and a comment that allows."""
    uri = params.text_document.uri
    try:
        folder, text, findings = ls.document(uri)
    except LookupError:
        return []
    codec = ls.workspace.position_codec
    here = [each for each in findings if _meet(placed(each, text, codec), params.range)]
    offered = []
    for each in here:
        told = diagnostic(each, text, codec, lambda name: from_fs_path(str(folder.root / name)) or "")
        if each.safety in ("safe", "unsafe") and await asyncio.wrap_future(folder.looking.mends(text, each)):
            offered.append(actions.fix(each, uri, text, codec, told))
        if uri.endswith(PYTHON):
            offered.append(actions.allow(each, uri, text, codec, told))
    return offered


def _holds(span: types.Range, at: types.Position) -> bool:
    return span.start <= at <= span.end


def _meet(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end
