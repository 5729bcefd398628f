"""The files that pages are made of, and how their templates are filled."""

from __future__ import annotations

import importlib.resources

import jinja2

from ftsuite.report.figures import plural


def page_environment() -> jinja2.Environment:
    """What renders a page: values are escaped, and one that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["plural"] = plural
    return environment


def resource(name: str) -> str:
    """The text of a file beside this one: a template, a style or a script."""
    return importlib.resources.files("ftsuite.report").joinpath(name).read_text(encoding="utf-8")
