"""How Sphinx builds the manual: `make docs`."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "xafs-workers"
author = "The xafs-workers developers"
project_copyright = author
release = version = metadata.version("xafs-workers")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False  # annotations name classes of libraries whose manuals are on other sites

myst_enable_extensions = ["deflist", "attrs_inline"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_numpy_docstring = True

html_theme = "pydata_sphinx_theme"
html_title = f"xafs-workers {release}"
html_favicon = "../src/xafs_workers/frontends/browser/page/icon.svg"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_js_files = ["manual.js"]
html_search_scorer = str(HERE / "search_scorer.js")  # Sphinx reads a relative path from the current folder
html_show_sourcelink = False
html_context = {"default_mode": "auto"}  # without it the theme logs an error
html_theme_options = {
    "logo": {"text": "xafs-workers"},
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "navigation_depth": 2,
    "collapse_navigation": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

linkcheck_anchors = False
linkcheck_ignore = [r"http://localhost.*", r"http://host.*", r"https?://[^/]*example\.(org|com).*"]
