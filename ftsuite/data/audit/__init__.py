"""Checks of a data set: each looks at labelled examples and says what it found in one form."""
