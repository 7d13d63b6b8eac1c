"""What can be wrong with a plugin: a user's mistake, printed in one line and never as a traceback."""


class PluginError(ValueError):
    """A plugin that cannot be used: which, from where, and why."""
