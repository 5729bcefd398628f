"""Checks of what a task says of itself, before anything heavy is imported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pydantic

from ftsuite.api import API_VERSION, Options
from ftsuite.config import dump_yaml
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry
from ftsuite.registry.loading import HEAVY_MODULES
from ftsuite.testing.job import loaded_job
from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.plugin_place import place_in
from ftsuite.testing.processes import IMPORTS_OF_SPEC, run_process
from ftsuite.testing.subject import CheckFailed, Subject

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_MODALITIES = ("image", "text")
_LONGEST_SUMMARY = 160


def spec_imports_no_keras(subject: Subject) -> None:
    """A fresh process imports the spec and says what came with it."""
    if subject.offer.file:
        raise CheckSkipped("A task in a file is not among those that are listed, so it may import Keras.")
    ended = run_process(
        ["-c", IMPORTS_OF_SPEC, subject.offer.target, *HEAVY_MODULES], subject.environment, subject.folder
    )
    if ended.status:
        said = (ended.errors.strip().splitlines() or ["nothing"])[-1]
        raise CheckFailed(
            f"A fresh process must be able to import {subject.offer.target}. Received: {said}\n"
            f"{place_in(ended.errors, ['/'])}",
            "Install the plugin, or run the check from the folder that its package is in.",
        )
    found = json.loads(ended.last_line)
    if found:
        places = sorted({places[-1] if places else "an unknown place" for places in map(_own(subject), found.values())})
        raise CheckFailed(
            f"The module of the spec must import neither Keras nor TensorFlow. Received: {', '.join(sorted(found))}, "
            f"imported by {', '.join(places)}.",
            "Move what needs it into the module that `factory` names, or into the functions that use it: "
            "`ftsuite list tasks` imports the spec of every plugin.",
        )


def _own(subject: Subject) -> Callable[[list[str]], list[str]]:
    packages = subject.offer.packages

    def places(found: list[str]) -> list[str]:
        own = [place for place in found if any(f"/{name}/" in place or f"/{name}.py:" in place for name in packages)]
        return own or found

    return places


def spec_is_sane(subject: Subject) -> None:
    """Name, summary, options, factory and version are what the suite can show and use."""
    spec = subject.spec
    rules = (
        (_NAME.fullmatch(spec.name), f"name must be lower case with hyphens: my-task. Received: {spec.name!r}."),
        (
            spec.summary.strip() and "\n" not in spec.summary and len(spec.summary) <= _LONGEST_SUMMARY,
            f"summary must be one line of at most {_LONGEST_SUMMARY} characters, for `ftsuite list tasks`. "
            f"Received: {spec.summary!r}.",
        ),
        (_FACTORY.fullmatch(spec.factory), f"factory must read package.module:Class. Received: {spec.factory!r}."),
        (spec.modality in _MODALITIES, f"modality must be image or text. Received: {spec.modality!r}."),
        (spec.api_version == API_VERSION, f"api_version must be {API_VERSION}. Received: {spec.api_version}."),
        (
            isinstance(spec.options, type) and issubclass(spec.options, Options),
            f"options must be a class that inherits from ftsuite.api.Options. Received: {spec.options!r}.",
        ),
    )
    wrong = [said for right, said in rules if not right]
    wrong += [f"The option {name!r} must have a description. Received: none." for name in _undescribed(spec.options)]
    if not wrong:
        known = Registry.discover().spec(subject.offer.reference)
        if known != spec:
            wrong.append(f"The entry point {spec.name!r} must give this spec. Received: another one of this name.")
    if wrong:
        raise CheckFailed("\n".join(wrong), "Mend the TaskSpec, or the Field(…, description=…) of its options.")


def _undescribed(options: object) -> list[str]:
    fields = getattr(options, "model_fields", {})
    return [name for name, field in fields.items() if not (field.description or "").strip()]


def unknown_option_is_refused(subject: Subject) -> None:
    """A misspelt option is an error that names the nearest one."""
    spec = subject.spec
    names = [field.alias or name for name, field in spec.options.model_fields.items()]
    right = max(names, key=len) if names else ""
    wrong = f"{right[:-1]}{'x' if right[-1] != 'x' else 'y'}" if right else "no_such_option"
    plain = {
        "task": subject.offer.reference,
        "data": {"source": "folder:nowhere"},
        "backbone": {"name": "none"},
        "options": {wrong: 1},
    }
    path = subject.folder / "misspelt.yaml"
    path.write_text(dump_yaml(plain), encoding="utf-8")
    advice = "Let the options inherit from ftsuite.api.Options as it is: it forbids what it does not know."
    try:
        loaded_job(path)
    except ConfigError as error:
        if wrong in str(error) and (not right or right in str(error)):
            return
        raise CheckFailed(
            f"The option {wrong!r} must be refused with the nearest name, {right!r}. Received: {error}", advice
        ) from error
    except (pydantic.ValidationError, TypeError, AttributeError) as error:
        raise CheckFailed(f"The option {wrong!r} must be refused. Received: {error}", advice) from error
    raise CheckFailed(f"The option {wrong!r}, which there is not, must be refused. Received: no error.", advice)
