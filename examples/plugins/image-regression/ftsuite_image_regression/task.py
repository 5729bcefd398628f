"""A number from a picture: the family reads, augments and trains; here stands what is answered, and how well."""

import numpy as np

from ftsuite.api import Bars, Scatter
from ftsuite.families import ImageTask, NamedAnswers, number_metrics, with_numbers


class ImageRegression(ImageTask):
    """Pictures to one number each."""

    def load(self, data, progress=None):
        """Examples whose labels, a column of the config's table, are read as numbers."""
        return with_numbers(super().load(data, progress), self.options.number)

    def fit_preprocessing(self, training):
        """Is shown the training split alone: answers begin at the mean of its targets and move by their spread."""
        self.training_targets = training.targets

    def answer(self, names):
        """The last layer. Decoding and loss follow from it: Huber's loss, in units of the spread."""
        return NamedAnswers.standardised(names, self.training_targets)

    def metrics(self):
        """Functions of targets and answers, ``(n, 1)`` each, headline first; the suite computes their intervals."""
        return number_metrics(self.options.unit)

    def baseline(self, targets):
        """The constant answer to beat: that of the least absolute error."""
        return np.median(targets, axis=0)

    def report(self, targets, answers, names):
        """Over the test split: is there a trend in the errors, and which numbers are hard?"""
        (t, a), name = (targets[:, 0], answers[:, 0]), f"{names[0]} {self.options.unit}".strip()
        fifths = [rows for rows in np.array_split(np.argsort(t), 5) if len(rows)]
        off = {f"{t[rows].min():.4g} to {t[rows].max():.4g}": abs(t - a)[rows].mean() for rows in fifths}
        scatter = Scatter("True and answered", t, a, f"true {name}", f"answered {name}", diagonal=True)
        return [scatter, Bars("Error by range of the truth", list(off), list(off.values()), "mean absolute error")]
