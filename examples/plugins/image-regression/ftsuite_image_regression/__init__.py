"""A number from a picture. This file says what the task is and imports no Keras, so that `ftsuite list` is fast."""

from pydantic import Field

from ftsuite.api import TaskSpec
from ftsuite.families import ImageOptions


class RegressionOptions(ImageOptions):
    """What a config can say under ``options:``, besides all that pictures have."""

    number: str = Field("number", description="what is predicted, as tables and plots call it")
    unit: str = Field("", description="of the number, such as years or mm")


SPEC = TaskSpec(
    name="image-regression",
    summary="Pictures to one number each: a size, an angle, an age.",
    options=RegressionOptions,
    factory="ftsuite_image_regression.task:ImageRegression",
)
