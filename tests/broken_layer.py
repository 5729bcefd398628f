"""A layer that only the plugin which defines it can load."""

from __future__ import annotations

import keras

from ftsuite.models.answers import ClassProbabilities


@keras.saving.register_keras_serializable(package="broken")
class OwnProbabilities(ClassProbabilities):
    pass
