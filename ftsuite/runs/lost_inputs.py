"""What TensorFlow's input failed on, in words that name it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ftsuite.api import Examples
from ftsuite.errors import FtsuiteError


@contextmanager
def named_inputs(examples: Examples) -> Iterator[None]:
    """Where TensorFlow's input fails because what it reads is damaged, or was changed or deleted meanwhile, name it.

    Raises:
        DataError: in place of TensorFlow's own error.
    """
    try:
        yield
    except FtsuiteError:
        raise
    except Exception as error:
        name_lost_inputs(examples, error)
        raise


def name_lost_inputs(examples: Examples, error: Exception) -> None:
    """Raise what `named_inputs` raises for an error; nothing where it is of something else.

    Raises:
        DataError: the example is named.
    """
    if not type(error).__module__.startswith("tensorflow"):
        return
    from ftsuite.data.image_decode import find_undecodable
    from ftsuite.data.text_stream import find_failure

    named = find_failure(examples.inputs)
    if named is None and examples.kind == "image-file":
        named = find_undecodable(examples.inputs)
    if named is not None:
        raise named from error
