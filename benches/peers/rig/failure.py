"""The one error the rig reports to its user: what went wrong, where, and what to do about it."""


class RigError(Exception):
    """Ends the run with a message instead of a traceback."""
