"""A config's rules for variables: ordered patterns, of which the first that matches decides each property."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.config.schema import RuleConfig

# What `ftsuite.models.lora` calls the two variables beside a kernel.
_ADAPTERS = ("lora_a", "lora_b")


def full_name(block_name: str, variable: Any) -> str:
    """What patterns are matched against: ``block/variable path``, for instance ``head/head/kernel``."""
    return f"{block_name}/{variable.path}"


def first_given(rules: Iterable[RuleConfig], name: str, key: str) -> Any:
    """The value of `key` in the first rule that matches the name and gives one; None where there is none.

    An adapter of LoRA goes by its kernel's name as well: what changes a kernel is held by the rules for it.

    Args:
        rules: in order.
        name: as `full_name` gives it.
        key: ``learning_rate_factor``, ``weight_decay`` or ``freeze``.
    """
    layer, _, own = name.rpartition("/")
    names = (name, f"{layer}/kernel") if own in _ADAPTERS else (name,)
    for rule in rules:
        value = getattr(rule, key)
        if value is not None and any(fnmatchcase(each, rule.match) for each in names):
            return value
    return None


def is_frozen(rules: Iterable[RuleConfig], name: str) -> bool:
    """Whether the rules keep a variable from training in every stage."""
    return bool(first_given(rules, name, "freeze"))


def require_matches(rules: Sequence[RuleConfig], names: Sequence[str]) -> None:
    """Refuse a pattern that matches nothing: it is a slip, and would do nothing without a word.

    Raises:
        ConfigError: naming the nearest of the names.
    """
    for number, rule in enumerate(rules):
        if not any(fnmatchcase(name, rule.match) for name in names):
            raise ConfigError(
                f"finetune.rules.{number}.match must match at least one variable of this model, written "
                f"`block/path`, where `*` stands for any text. Received: {rule.match!r}",
                f"The nearest variable is `{_nearest(rule.match, names)}`.",
            )


def _nearest(pattern: str, names: Sequence[str]) -> str:
    """The name with the most in common: whole words of the pattern count first, then letters."""
    wanted = _words(pattern)
    matcher = difflib.SequenceMatcher(b=re.sub(r"[*?]", "", pattern), autojunk=False)

    def likeness(name: str) -> tuple[int, float]:
        matcher.set_seq1(name)
        return len(wanted & _words(name)), matcher.ratio()

    return max(names, key=likeness)


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^A-Za-z0-9]+", text.lower()) if word}
