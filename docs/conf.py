"""Sphinx configuration of the documentation; ``make docs`` builds it."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import skfocal

project = "skfocal"
author = "The skfocal developers"
copyright = "The skfocal developers"
version = release = skfocal.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "loss_cards",
    "api_pages",
    "study_pages",
    "sphinx_llms_txt",
]

# A site map names whole addresses: it is written where the address of the site is known.
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "")
if html_baseurl:
    extensions.append("sphinx_sitemap")
sitemap_url_scheme = "{link}"
# For language models: llms.txt lists the pages, llms-full.txt holds their sources.
llms_txt_title = "skfocal"
llms_txt_summary = (
    "scikit-learn classifiers for imbalanced tables that change the loss instead of the data, "
    "with probabilities that stay honest."
)
llms_txt_exclude = ["search", "genindex", "sg_execution_times", "changelog", "pitfalls"]

templates_path = ["_templates"]
exclude_patterns = ["_build", "_ext"]
nitpicky = False
suppress_warnings = ["config.cache"]  # sphinx-gallery's sort keys are functions

# --- texts ---------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# A file that is no page (a table of results, the licence) is linked as a download.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# --- interface -----------------------------------------------------------------------------------
autosummary_generate = True
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# Every public docstring is checked. Not asked for: a summary that does not end in what SS03 takes
# for a full stop, an extended summary, and sections for which there is nothing to say.
numpydoc_validation_checks = {
    "GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10",
    "SS02", "SS03", "SS04", "SS05",
    "PR01", "PR02", "PR03", "PR05", "PR07", "PR08", "PR09", "PR10",
    "RT02", "RT04", "YD01",
}  # fmt: skip
numpydoc_validation_exclude = {
    r"\.__",  # special methods
    r"\.(set|get)_\w*(request|params|metadata_routing)$",  # scikit-learn's own
    r"\.score$",
    # Data, whose Attributes say it.
    r"\.(Traits|Method|Cuts|ScoreDerivatives|MulticlassMargin|State)$",
    r"\.(Calibration|PrevalenceEstimate)$",
}

# --- examples ------------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "examples",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 1,
}
plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 110)]

# --- pages ---------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "skfocal"
html_static_path = ["_static"]
html_css_files = ["skfocal.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skfocal"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "search_bar_text": "Search",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}


def _prepare(app, docname, source):
    """Let links to files of the repository lead to pages, and close snippets neatly."""
    text = source[0].replace("](../CONTRIBUTING.md)", "](contributing.md)")
    # doctest wants an empty line after what a snippet prints; a reader does not.
    source[0] = re.sub(r"(```pycon\n.*?)\n\n```", r"\1\n```", text, flags=re.DOTALL)


def setup(app):
    """Connect to the build."""
    app.connect("source-read", _prepare)
