"""Image classification: pictures to one class each. Says what it is without importing Keras."""

from ftsuite.api import TaskSpec
from ftsuite.families import ImageOptions

SPEC = TaskSpec(
    name="image-classification",
    summary="Pictures to one class each: folders of photographs, tables of paths, or the rendered field guide.",
    options=ImageOptions,
    factory="ftsuite.families.image:ImageClassification",
    headline="accuracy",
    modality="image",
)
