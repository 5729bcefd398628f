"""Which task and which backbone fit."""

from __future__ import annotations

from ftsuite.api import TaskSpec
from ftsuite.assets import catalogue
from ftsuite.data.looks import Look
from ftsuite.errors import ConfigError
from ftsuite.runs.proposal.sizes import Machine, Sizes

IMAGES, SENTIMENT, TEXTS = "image-classification", "sentiment", "domain-text"
_BACKBONES = {"image": "efficientnet_lite0_imagenet", "text": "minilm_l6_en"}
_LARGER = "efficientnet_lite2_imagenet"
_ENOUGH_FOR_LARGER = 1000

# Class names that tell of sentiment, and those that only may where the column's name says so.
_CLEAR = (
    {"neg", "pos"},
    {"negative", "positive"},
    {"neg", "neu", "pos"},
    {"negative", "neutral", "positive"},
    {"1 star", "2 stars", "3 stars", "4 stars", "5 stars"},
)
_UNCLEAR = ({"0", "1"}, {"-1", "1"}, {"false", "true"}, {"-1", "0", "1"}, {"0", "1", "2"}, {"1", "2", "3", "4", "5"})
_SAYS_SENTIMENT = ("sentiment", "polarity", "stars", "star", "rating", "opinion")


def task_for(look: Look) -> tuple[str, str]:
    """The built-in task that fits, and why."""
    if look.modality == "image":
        return IMAGES, f"pictures, each of one of {len(look.class_names):,} classes"
    names = {name.strip().lower() for name in look.class_names}
    column = look.columns.get("label_column", "").strip().lower()
    if names in _CLEAR or (names in _UNCLEAR and any(word in column for word in _SAYS_SENTIMENT)):
        return SENTIMENT, "texts with classes that say how their writers feel"
    unclear = "; where 0 and 1 mean negative and positive take `sentiment`" if names == {"0", "1"} else ""
    return TEXTS, f"texts, each of one of {len(look.class_names):,} classes{unclear}"


def require_fit(spec: TaskSpec, look: Look) -> None:
    """Refuse a task of the other kind.

    Raises:
        ConfigError: pictures for a task of texts, or texts for one of pictures.
    """
    if spec.modality != look.modality:
        words = {"image": "pictures", "text": "texts"}
        raise ConfigError(
            f"--task must be one of {words[look.modality]}, which these data are. Received: {spec.name!r}, which is "
            f"one of {words.get(spec.modality, spec.modality)}.",
            "Leave --task out, or name another column by --input-column.",
        )


def backbone_for(look: Look, sizes: Sizes, machine: Machine) -> tuple[str, str]:
    """A pretrained model of the catalogue, and why."""
    name, why = _BACKBONES[look.modality], "small and quick; good on a CPU"
    if look.modality == "image" and machine.has_accelerator and sizes.train >= _ENOUGH_FOR_LARGER:
        name, why = _LARGER, "the largest of the catalogue, as there is a GPU"
    return name, f"{why}; {catalogue()[name].size_bytes / 1e6:.0f} MB to download once"
