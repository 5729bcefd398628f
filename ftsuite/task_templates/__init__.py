"""What `ftsuite task new` makes of a name: a package with a task, or a single file.

The templates beside this file are what is made, named ``KIND.PART.jinja``. Imports neither Keras nor TensorFlow.
"""
