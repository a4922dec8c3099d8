"""How the processes below `hermetic run` and the run itself find and tell each other."""
