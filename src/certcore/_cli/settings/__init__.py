"""The configuration file, and the language in which the command answers."""
