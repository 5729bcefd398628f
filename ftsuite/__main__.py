"""`python -m ftsuite` is the `ftsuite` command."""

from __future__ import annotations

from ftsuite.cli.main import main

if __name__ == "__main__":
    main()
