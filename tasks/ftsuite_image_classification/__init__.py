"""Image classification: pictures to one class each. Says what it is without importing Keras."""

from ftsuite.api import TaskSpec
from ftsuite.data.image_options import ImageOptions

SPEC = TaskSpec(
    name="image-classification",
    summary="Pictures to one class each: folders of photographs, tables of paths, or the rendered field guide.",
    options=ImageOptions,
    factory="ftsuite_image_classification.task:ImageClassification",
    headline="accuracy",
    modality="image",
)
