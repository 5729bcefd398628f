"""The checks of an audit: one small table, each check imported when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftsuite.api import Collected, Examples, Progress, TaskSpec
from ftsuite.config import LoadedConfig
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.held_out import HeldOut
from ftsuite.data.targets import with_answers_as_classes

PICTURES, TEXTS = "pictures", "texts"


@dataclass(frozen=True)
class Audited:
    """What checks look at.

    Attributes:
        loaded: the config.
        spec: of its task.
        examples: all that a run would use, and those that it would refuse; every class holds one.
        splits: ``(n,)`` str of train, validation and test.
        empty_classes: names of classes that hold none.
        collected: what would have stopped a run.
        features: of each example, ``(n, d)`` float32, computed when they are first asked for.
        quick: whether only what is cheap is to be done.
        progress: told how a check goes on.
        held_out: what fine-tuned models say of examples that they did not see; None where no folds were named.
    """

    loaded: LoadedConfig
    spec: TaskSpec
    examples: Examples
    splits: np.ndarray
    empty_classes: tuple[str, ...]
    collected: Collected
    features: Callable[[], np.ndarray]
    quick: bool
    progress: Progress
    held_out: HeldOut | None = None

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.loaded.config.seed)


@dataclass(frozen=True)
class Check:
    """One entry of the table.

    Attributes:
        name: stable, with hyphens.
        title: what it looks for, for a person.
        look: the check.
        modality: `PICTURES` or `TEXTS` where it is for one of them, else empty.
        needs_features: whether a pretrained model must look at every example first.
        fewest_classes: below so many classes there is nothing to look for.
        of_classes: whether it looks at classes, which tasks that answer with numbers or sets of labels have not.
    """

    name: str
    title: str
    look: Callable[[Audited], list[Finding]]
    modality: str = ""
    needs_features: bool = False
    fewest_classes: int = 0
    of_classes: bool = False


def _refused(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.refused import check_refused

    return check_refused(audited.examples, audited.collected)


def _class_names(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.class_names import check_class_names

    return check_class_names(audited.examples, (*audited.examples.class_names, *audited.empty_classes))


def _class_counts(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.class_counts import check_class_counts

    return check_class_counts(audited.examples, audited.splits, audited.empty_classes)


def _groups(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.groups import check_groups

    return check_groups(audited.examples, audited.splits)


def _exact_copies(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.exact_copies import check_exact_copies

    return check_exact_copies(
        with_answers_as_classes(audited.examples), audited.splits, audited.progress, pixels=not audited.quick
    )


def _near_images(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.near_images import check_near_images

    return check_near_images(with_answers_as_classes(audited.examples), audited.splits, progress=audited.progress)


def _near_texts(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.near_texts import check_near_texts

    return check_near_texts(with_answers_as_classes(audited.examples), audited.splits)


def _image_shapes(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.image_shapes import check_image_shapes
    from ftsuite.runs.audit_inputs import image_size_of

    size = image_size_of(audited.loaded, audited.spec)
    return check_image_shapes(audited.examples, audited.splits, size, audited.progress)


def _text_shapes(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.text_shapes import check_text_shapes
    from ftsuite.runs.audit_inputs import token_lengths

    lengths = token_lengths(audited.loaded, audited.spec, audited.examples, audited.progress)
    return check_text_shapes(audited.examples, audited.splits, lengths)


def _text_encoding(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.text_encoding import check_text_encoding

    return check_text_encoding(audited.examples)


def _text_languages(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.text_languages import check_text_languages

    return check_text_languages(audited.examples)


def _label_errors(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.label_errors import check_label_errors

    return check_label_errors(
        audited.examples, audited.splits, audited.features(), seed=audited.seed, held_out=audited.held_out
    )


def _outliers(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.outliers import check_outliers

    return check_outliers(audited.examples, audited.splits, audited.features())


def _drift(audited: Audited) -> list[Finding]:
    from ftsuite.data.audit.drift import check_drift

    return check_drift(audited.examples, audited.splits, audited.features(), seed=audited.seed)


CHECKS: Sequence[Check] = (
    Check("refused", "Files that cannot be read, and what else a run refuses", _refused),
    Check("class-names", "Classes under two spellings", _class_names, fewest_classes=2, of_classes=True),
    Check("class-counts", "Empty, small and uneven classes", _class_counts, of_classes=True),
    Check("groups", "Groups on both sides of a split", _groups),
    Check("exact-copies", "Exact copies, and copies under several labels", _exact_copies),
    Check("near-images", "Near-duplicate pictures", _near_images, PICTURES),
    Check("near-texts", "Near-duplicate texts", _near_texts, TEXTS),
    Check("image-shapes", "Sizes, shapes and kinds of pictures", _image_shapes, PICTURES),
    Check("text-shapes", "Lengths of texts, and what the model does not see of them", _text_shapes, TEXTS),
    Check("text-encoding", "Damaged characters", _text_encoding, TEXTS),
    Check("text-languages", "Languages", _text_languages, TEXTS),
    Check("label-errors", "Labels that are most likely wrong", _label_errors, "", True, 2, of_classes=True),
    Check("outliers", "Examples unlike all others of their class", _outliers, "", True, of_classes=True),
    Check("drift", "Splits that differ from each other", _drift, "", True),
)


def feature_source(loaded: LoadedConfig, examples: Examples, progress: Progress) -> Any:
    """Features of the frozen backbone for each example, ``(n, d)`` float32."""
    from ftsuite.runs.audit_features import audit_features

    return audit_features(loaded, examples, progress)
