"""All labels that apply to a picture. This file imports no Keras, so that `ftsuite list` is fast."""

from pydantic import Field

from ftsuite.api import TaskSpec
from ftsuite.families import ImageOptions


class LabelOptions(ImageOptions):
    """What a config can say under ``options:``, besides all that pictures have."""

    separator: str = Field("|", description="between the labels of a picture; `none` stands where no label applies")
    threshold: float = Field(0.5, gt=0, lt=1, description="the probability from which on a label counts as answered")


SPEC = TaskSpec(
    name="multi-label",
    summary="Pictures to all labels that apply, written as crest|bib.",
    options=LabelOptions,
    factory="ftsuite_multi_label.task:MultiLabel",
)
