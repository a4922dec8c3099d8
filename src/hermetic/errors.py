"""Every error that Hermetic raises, so that a caller can catch the one they would treat differently.

HermeticError                 anything below
├── BadProjection             a DTO, a mapped class and a statement that cannot be brought together
├── BadCursor                 the cursor of a page is not one that was handed out for this query
├── BadToken                  what a client carried for a replica's sake is not what it was given
├── ScopeError                a scope was used in a way that could lose work; `hermetic.Unloaded` is one too
│   ├── ScopeClosed           its session was used after the block ended
│   ├── ScopeOwned            its session was committed, rolled back or closed from inside
│   ├── ScopeNested           a scope cannot begin inside of the one around it
│   ├── SealedWrite           an object was written to after its scope closed, and nothing would keep that
│   ├── ReadOnly              something was written in a read scope
│   ├── ConcurrentUse         two tasks or threads used one session at once
│   ├── BlockingScope         a synchronous scope was opened on the thread of an event loop
│   ├── IdledTooLong          a transaction stood open while its block waited for something slow
│   ├── UnsavedChanges        the connection was to be released while the transaction had work in it
│   ├── PoisonedUnit          an error of the database was swallowed, and the unit was to commit all the same
│   ├── OutcomeUnknown        the connection broke during the commit: it may have happened
│   ├── SandboxTaken          a scope of a test found no room in the sandbox it runs in
│   └── HooksFailed           the work is committed, what was to follow it failed
├── BadDatabase               a URL, engine or setting that cannot be worked with safely
├── HazardsSeen               a watched program did what it must not, under mode "raise"
├── CheckFailed               `hermetic check` could not do its work (exit code 2)
│   ├── BadConfig             an option, a key of [tool.hermetic] or a value in it is wrong
│   │   └── UnknownHazard     a slug or code that names no hazard
│   ├── NothingToCheck        no such path, or no file that could be read
│   └── AnalysisFailed        the analysis itself broke; `__cause__` is the exception it broke with
└── NotStarted                `hermetic run` could not start the program (exit code 126 or 127)
"""

from __future__ import annotations


class HermeticError(Exception):
    """The root of every error that Hermetic raises."""


class BadProjection(HermeticError):
    """A DTO, a mapped class and a statement cannot be brought together; the message names both sides."""


class BadCursor(HermeticError):
    """A page was asked for with a cursor that was not handed out for this query; a host answers 400."""


class BadToken(HermeticError):
    """What a client carried from one request to the next is not what it was given; a host goes on without it."""


class ScopeError(HermeticError):
    """A scope was used in a way that could lose work or hand it to somebody else."""


class ScopeClosed(ScopeError):
    """The session of a scope was used after its block ended."""


class ScopeOwned(ScopeError):
    """The session of a scope was committed, rolled back or closed from inside: the scope does that at its end."""


class ScopeNested(ScopeError):
    """A scope cannot begin inside of the one around it."""


class SealedWrite(ScopeError):
    """An object was written to after its scope closed; nothing would have kept the change."""


class ReadOnly(ScopeError):
    """Something was written in a read scope."""


class ConcurrentUse(ScopeError):
    """Two tasks or two threads used the session of one scope at the same time."""


class BlockingScope(ScopeError):
    """A synchronous scope was opened on the thread of an event loop, which would stand still for each statement."""


class IdledTooLong(ScopeError):
    """A transaction stood open, with its connection and its locks, while its block waited for something slow."""


class UnsavedChanges(ScopeError):
    """The connection of a scope was to be released while its transaction had work in it."""


class PoisonedUnit(ScopeError):
    """An error of the database was swallowed inside a unit of work, and the unit was to commit all the same."""


class OutcomeUnknown(ScopeError):
    """The connection broke during the commit: it may have happened or not; `__cause__` is what broke it."""


class SandboxTaken(ScopeError):
    """A scope of a test found no room in the sandbox: another one is on its connection, or it is not clear which is meant."""


class HooksFailed(ScopeError):
    """The work is committed and stays so; functions that were to run after it failed. `failures` holds their errors."""

    def __init__(self, sentence: str, failures: tuple[Exception, ...]) -> None:
        super().__init__(sentence)
        self.failures = failures


class BadDatabase(HermeticError):
    """A URL, an engine or a setting of a database that cannot be worked with safely."""


class HazardsSeen(HermeticError):
    """Hazards were seen in a scope that was watched under mode "raise"; `told` holds a line for each."""

    def __init__(self, *told: str) -> None:
        super().__init__("\n".join(told))
        self.told = told


class CheckFailed(HermeticError):
    """A check could not do its work; the message is one sentence for the user."""


class BadConfig(CheckFailed):
    """An option, a key of `[tool.hermetic]` or a value in it is wrong."""


class UnknownHazard(BadConfig):
    """A slug or a code that names no hazard; the message names the nearest one."""


class NothingToCheck(CheckFailed):
    """No such path, or no file below it that could be read."""


class AnalysisFailed(CheckFailed):
    """The analysis broke; `__cause__` is the exception it broke with."""


class NotStarted(HermeticError):
    """The program that was to be watched did not start; `exit_code` is what a shell would end with."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
