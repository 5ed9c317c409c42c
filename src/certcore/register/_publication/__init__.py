"""The published folder.

- `_folder`: how files are written. `_layout`: where they are. `_checks`: what must hold before a list is published.
- `_published`: how the service reads it. `_recovery`: how a database that was restored from a copy learns from it.
"""
