"""Which distribution offers which task: entry points are read, and nothing is imported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions, entry_points

from ftsuite.api import ENTRY_POINT_GROUP
from ftsuite.errors import ConfigError

BUILT_IN = "ftsuite"
SAFE_MODE = "FTSUITE_PLUGINS"
_UNKNOWN = "an unknown distribution"


@dataclass(frozen=True)
class Offer:
    """One entry point of one distribution.

    Attributes:
        name: the config's ``task:``.
        distribution: as pip names it.
        version: of the distribution; None where it does not say.
        point: leads to the spec.
    """

    name: str
    distribution: str
    version: str | None
    point: EntryPoint

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with ftsuite itself."""
        return self.distribution == BUILT_IN

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"{self.distribution}{version} ({self.point.value})"


@dataclass(frozen=True)
class Clash:
    """Why none of several offers of one name can be used, and what to do."""

    error: str
    advice: str


def is_safe_mode() -> bool:
    """Whether ``FTSUITE_PLUGINS`` keeps to the tasks of ftsuite itself.

    Raises:
        ConfigError: the variable holds anything but ``all``, ``none`` or nothing.
    """
    value = os.environ.get(SAFE_MODE, "")
    if value.strip().lower() in ("", "all"):
        return False
    if value.strip().lower() == "none":
        return True
    raise ConfigError(
        f"The environment variable {SAFE_MODE} must be `all` (or unset) or `none`. Received: {value!r}",
        f"`{SAFE_MODE}=none` uses the tasks of ftsuite alone and imports no other plugin; one plugin is left out by "
        "uninstalling it.",
    )


def find_offers() -> Mapping[str, Sequence[Offer]]:
    """What is offered, by name, in the order of names; in safe mode by ftsuite itself alone.

    Raises:
        ConfigError: ``FTSUITE_PLUGINS`` holds an unknown value.
    """
    only_built_in = is_safe_mode()
    found: dict[str, list[Offer]] = {}
    for point in _points():
        offer = _offer(point)
        if offer.is_built_in or not only_built_in:
            found.setdefault(offer.name, []).append(offer)
    return {name: found[name] for name in sorted(found)}


def clash_of(offers: Sequence[Offer]) -> Clash | None:
    """Why offers of one name exclude each other; None where there is one alone."""
    if len(offers) < 2:
        return None
    names = sorted({offer.distribution for offer in offers})
    shown = " and ".join(sorted(str(offer) for offer in offers))
    if len(names) == 1:
        return Clash(
            f"{names[0]} offers a task of this name {len(offers)} times: {shown}",
            f"Its entry points in the group {ENTRY_POINT_GROUP!r} must name it once: mend, upgrade or uninstall it.",
        )
    others = [name for name in names if name != BUILT_IN]
    if len(others) < len(names):
        return Clash(
            f"this name belongs to a task of ftsuite itself, and is offered a second time: {shown}",
            f"Uninstall {' and '.join(others)}, or have that task renamed; {SAFE_MODE}=none gives ftsuite's own.",
        )
    return Clash(
        f"{len(names)} distributions offer a task of this name: {shown}",
        f"Uninstall all but one of {', '.join(names)}.",
    )


def _points() -> Iterable[EntryPoint]:
    try:
        return list(entry_points(group=ENTRY_POINT_GROUP))
    except Exception:
        return list(_points_one_by_one())


def _points_one_by_one() -> Iterable[EntryPoint]:
    """Entry points where the files of some distribution are damaged: those of all others."""
    seen: set[str] = set()
    for distribution in distributions():
        try:
            name = str(distribution.metadata["Name"])
            points = distribution.entry_points.select(group=ENTRY_POINT_GROUP) if name not in seen else ()
        except Exception:  # damaged: what it would offer cannot be known, and pip says the same of it
            continue
        seen.add(name)
        yield from points


def _offer(point: EntryPoint) -> Offer:
    try:
        name, version = (point.dist.name, point.dist.version) if point.dist is not None else (None, None)
    except Exception:  # metadata that cannot be read
        name = version = None
    return Offer(point.name, name or _UNKNOWN, version or None, point)
