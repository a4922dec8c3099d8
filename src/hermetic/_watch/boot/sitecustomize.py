"""What Python imports first in every process below `hermetic run`, whose PYTHONPATH begins with this folder.

It must parse on any Python and leave no trace: the folder goes from `sys.path` and stays in PYTHONPATH, where child
processes find it; the program's own `sitecustomize` takes this one's place.
"""

import os
import sys

if sys.version_info >= (3, 7):  # noqa: UP036 - whatever Python a program below a run has
    import _hermetic_boot  # type: ignore[import-not-found]  # beside this file, when it is run

    _hermetic_boot.wait_for_sqlalchemy()

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
del sys.modules["sitecustomize"]
# The next one; where there is none, `site` expects this ImportError.
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
