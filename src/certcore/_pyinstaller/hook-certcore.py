"""The data files of certcore; PyInstaller runs this while it looks at a program that imports it."""

from __future__ import annotations

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("certcore")
