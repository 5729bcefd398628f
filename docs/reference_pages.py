"""The pages of docs/reference that are tables of what the code has; `docs/build_reference.py` writes them."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from reference_words import EVENTS, FIGURES, OTHER_VARIABLES, RUN_FILES, VARIABLES

import ftsuite
import ftsuite.api
from ftsuite import errors
from ftsuite.assets import catalogue
from ftsuite.cli.list import _SOURCE_FORMS
from ftsuite.evaluation import evaluate_predictions
from ftsuite.models.names import CATALOGUE_BACKBONES, CATALOGUE_TEXT_BACKBONES
from ftsuite.runs import folder as folders
from ftsuite.runs.audit_checks import CHECKS

PACKAGE = Path(ftsuite.__file__).parent
_EVENT = re.compile(r"journal\.write\(\s*\"(\w+)\"|\)\.write\(\s*\"(\w+)\"")


def audit_checks_page() -> str:
    """The checks of an audit, from its own table."""
    rows = [
        (
            f"`{check.name}`",
            check.title,
            check.modality or "all",
            "left out" if check.needs_features else "made",
        )
        for check in CHECKS
    ]
    sections = [
        "# Checks of an audit",
        "What `ftsuite data audit` looks for, in this order; [what is behind it](../explanation/audit.md). "
        "`audit.json` says of each check whether it was made, and why not.",
        _table(("Check", "What it looks for", "Data", "With `--quick`"), rows),
    ]
    return _page(sections)


def catalogue_page() -> str:
    """Backbones and data sets by name, and the forms of a source."""
    known = catalogue()
    sections = [
        "# Backbones and data sets",
        "What is fetched through a package registry, pinned by its sha256. `ftsuite list backbones` and "
        "`ftsuite list datasets` also say what is in the cache.",
        "## Backbones for pictures",
        _assets(CATALOGUE_BACKBONES),
        "## Backbones for texts",
        _assets(CATALOGUE_TEXT_BACKBONES),
        "The name of any keras-hub preset of a vision or text encoder works too (`ftsuite list backbones --all`), and "
        "so does the path of a local preset folder; for texts, of a Hugging Face folder as well.",
        "## Data sets",
        _table(
            ("Name", "What it is", "Download", "Licence"),
            [("`field-guide`", "birds that ftsuite draws itself", "none", "as ftsuite")]
            + [_asset_row(name) for name, asset in known.items() if asset.kind == "dataset"],
        ),
        "A config names one of the catalogue as `asset:NAME`.",
        "## Forms of `data.source`",
        _table(("Form", "What it is"), [(_code(form), meaning) for form, meaning in _SOURCE_FORMS]),
    ]
    return _page(sections)


def figures_page() -> str:
    """The figures that a run of classes has, with how their intervals are made."""
    found = evaluate_predictions(np.eye(6), np.arange(6), tuple("abcdef"), bootstrap_samples=1)
    of_class = found.pop("per_class")["a"]
    of_class.pop("n")
    _require_same("figures", FIGURES, [*found, *of_class])
    head = ("Key", "Meaning", "Interval")
    sections = [
        "# Figures",
        '`metrics.json` holds under `test` and `validation` an object for each figure: `{"value", "ci95", "n"}`, the '
        "value, its interval, and the number of examples that it rests on. The key of the interval follows "
        "`evaluation.confidence`: `ci90` at 0.9. A figure that rests on nothing has the value null and n 0.",
        "[What an interval means](../explanation/intervals.md) tells how to read them.",
        _table(head, [(f"`{name}`", *FIGURES[name]) for name in found]),
        "Of each class, under `per_class` by its name, with `n`, the test examples of it:",
        _table(head, [(f"`{name}`", *FIGURES[name]) for name in of_class]),
        "Two models on the same examples are compared by the paired difference, with `only_a` and `only_b`: how many "
        "examples only one of them has right.",
    ]
    return _page(sections)


def run_folder_page() -> str:
    """Files of a run folder and events of its journal."""
    names = {name: value for name, value in vars(folders).items() if name.isupper() and isinstance(value, str)}
    _require_same("files of a run folder", RUN_FILES, names)
    events = [event for path in sorted(PACKAGE.rglob("*.py")) for event in _events(path.read_text(encoding="utf-8"))]
    _require_same("events of the journal", EVENTS, events)
    sections = [
        "# The run folder",
        "A run leaves one folder, by default `runs/<config>/<time>-<hash>`. Each file is written under a temporary "
        "name and renamed, so a killed run never leaves half a file that looks whole. Nothing is written over: a new "
        "run needs a new or empty folder.",
        _table(("File", "What it is"), [(f"`{names[name]}`", text) for name, text in RUN_FILES.items()]),
        "## Events of the journal",
        "Each line of `journal.jsonl` is a JSON object with `event`, `time` (UTC) and what belongs to the event. "
        "`ftsuite run --json` prints the same objects.",
        _table(("Event", "What it holds"), [(f"`{name}`", text) for name, text in EVENTS.items()]),
    ]
    return _page(sections)


def exit_codes_page() -> str:
    """Exit codes by class of error."""
    classes = errors.FtsuiteError.__subclasses__()
    rows = [("0", "", "Done."), ("1", "`defect`", "A defect of ftsuite; the message says where its traceback lies.")]
    for found in sorted(classes, key=lambda one: one.exit_code):
        kinds = f"`{found.kind}`, `usage`" if found is errors.ConfigError else f"`{found.kind}`"
        rows.append((str(found.exit_code), kinds, str(inspect.getdoc(found)).splitlines()[0]))
    sections = [
        "# Exit codes",
        "Every command ends with one of these. With `--json` the last line of an error is "
        '`{"event": "error", "kind", "message", "advice", "exit_code"}`.',
        _table(("Code", "Kind", "What happened"), rows),
    ]
    return _page(sections)


def environment_page() -> str:
    """Environment variables that the code reads."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))]
    found = [name for text in texts for name in re.findall(r"FTSUITE_[A-Z_]*[A-Z]", text)]
    _require_same("environment variables", VARIABLES, found)
    head = ("Variable", "Default", "What it does")
    sections = [
        "# Environment variables",
        _table(head, [(f"`{name}`", *words) for name, words in VARIABLES.items()]),
        "ftsuite also heeds these of others:",
        _table(head, [(f"`{name}`", *words) for name, words in OTHER_VARIABLES.items()]),
    ]
    return _page(sections)


def plugin_contract_page() -> str:
    """A directive for each public name of the contract; the site fills in docstrings, read and not imported."""
    names = [
        name
        for name, value in vars(ftsuite.api).items()
        if inspect.isclass(value) and not name.startswith("_") and value.__module__.startswith("ftsuite.")
    ]
    first = [name for name in ("Task", "TaskHooks", "TaskSpec", "Options", "Examples", "TaskModel") if name in names]
    directives = [f"::: ftsuite.api.{name}" for name in [*first, *(name for name in names if name not in first)]]
    more = [f"::: {name}" for name in ("ftsuite.families", "ftsuite.testing") if importlib.util.find_spec(name)]
    sections = [
        "# The plugin contract",
        f"A task plugin is a package with an entry point in the group `{ftsuite.api.ENTRY_POINT_GROUP}` whose name is "
        "the `task:` of a config and whose value is a `TaskSpec`. The version of this contract is "
        f"{ftsuite.api.API_VERSION}. [Write a task plugin](../tutorials/task-plugin.md) shows it at work.",
        *directives,
        *more,
    ]
    return _page(sections)


PAGES: Mapping[str, Callable[[], str]] = {
    "audit-checks.md": audit_checks_page,
    "catalogue.md": catalogue_page,
    "environment.md": environment_page,
    "exit-codes.md": exit_codes_page,
    "figures.md": figures_page,
    "plugin-contract.md": plugin_contract_page,
    "run-folder.md": run_folder_page,
}


def _events(text: str) -> list[str]:
    return [first or second for first, second in _EVENT.findall(text)]


def _assets(names: Iterable[str]) -> str:
    return _table(("Name", "What it is", "Download", "Licence"), [_asset_row(name) for name in names])


def _asset_row(name: str) -> tuple[str, ...]:
    asset = catalogue()[name]
    return f"`{name}`", asset.summary, f"{asset.size_bytes / 1e6:.0f} MB", asset.licence


def _code(form: str) -> str:
    return ", ".join(f"`{part}`" for part in form.split(", ")) if ":" in form else form


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(sections: Iterable[str]) -> str:
    return "\n\n".join(sections) + "\n"


def _require_same(what: str, described: Mapping[str, object], found: Iterable[str]) -> None:
    missing, gone = sorted(set(found) - set(described)), sorted(set(described) - set(found))
    if missing or gone:
        raise SystemExit(f"docs/reference_words.py and the code differ in {what}: missing {missing}, gone {gone}")
