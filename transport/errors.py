"""The base of all errors that are meant for the user: a text without a traceback, and an exit code."""


class CrunchwatchError(Exception):
    """Anything a user or an operator can correct; the text says what is wrong, where, and what to do."""

    exit_code = 1
