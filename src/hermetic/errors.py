"""Every error that Hermetic raises, so that a caller can catch the one they would treat differently.

HermeticError                 anything below
├── BadProjection             a DTO, a mapped class and a statement that cannot be brought together
├── BadCursor                 the cursor of a page is not one that was handed out for this query
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
