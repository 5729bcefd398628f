"""Random changes of pictures beyond the basic ones: their options, their operations, and their order."""
