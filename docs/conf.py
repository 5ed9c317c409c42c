"""How Sphinx builds the site: `make docs`. What the pages say is theirs; what needs code stands in `tools/site.py`."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import certcore  # noqa: E402  the checkout goes before what is installed

_project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project = "certcore"
author = "The certcore maintainers"
release = version = certcore.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "myst_parser", "tools.site"]
root_doc = "index"
nitpicky = True

myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
trim_doctest_flags = True
doctest_global_setup = "from certcore.reasons import explain\nfrom certcore.vocabulary import same_registration_number"

html_theme = "furo"
html_title = "certcore"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["llms.txt"]
html_theme_options = {"source_edit_link": f"{_project['urls']['Source']}/edit/main/docs/{{filename}}"}
site_source = _project["urls"]["Source"]
