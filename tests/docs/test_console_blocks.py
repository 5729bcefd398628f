"""The runner of the documentation: what it reads, and what it takes for the same output."""

from __future__ import annotations

from pathlib import Path

import pytest
from console_blocks import blocks_of, matches
from run_commands import DiffersError, run_blocks

PAGE = """# Page

<!-- file: note.txt -->
```text
one
two
```

1. In a list:

    <!-- run: slow -->
    <!-- numbers vary -->
    ```console
    $ cat note.txt \\
    >   note.txt
    one
    ...
    two
    $ echo 3
    4
    ```

<!-- run: never, it takes a day -->
```console
$ sleep 86400
```

```console
$ cat note.txt
one
{last}
```
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(folder: Path, last: str) -> Path:
    path = folder / "page.md"
    path.write_text(PAGE.replace("{last}", last), encoding="utf-8")
    return path


def test_blocks_are_read_with_what_is_said_of_them(here: Path) -> None:
    blocks = blocks_of(_write(here, "two"))
    assert [(block.language, block.when) for block in blocks] == [
        ("text", "quick"),
        ("console", "slow"),
        ("console", "never"),
        ("console", "quick"),
    ]
    assert [block.line for block in blocks] == [4, 13, 24, 28]
    assert blocks[2].reason == "it takes a day"
    assert [command.text for command in blocks[1].commands] == ["cat note.txt \\\n  note.txt", "echo 3"]


def test_blocks_are_run_in_order_and_slow_ones_only_when_asked(here: Path) -> None:
    blocks = blocks_of(_write(here, "two"))
    assert run_blocks(blocks, slow=False) == 1
    assert run_blocks(blocks, slow=True) == 3


@pytest.mark.parametrize("last", ["three", "two\nthree", "one\ntwo"])
def test_another_output_is_told(here: Path, last: str) -> None:
    with pytest.raises(DiffersError, match=r"page.md:28: `cat note.txt` printed\none\ntwo"):
        run_blocks(blocks_of(_write(here, last)), slow=False)


def test_another_exit_code_is_told(here: Path) -> None:
    path = here / "page.md"
    path.write_text("<!-- exit code: 2 -->\n```console\n$ ftsuite config show nothing\n```\n")
    assert run_blocks(blocks_of(path), slow=False) == 1
    path.write_text("```console\n$ ftsuite config show nothing\n```\n")
    with pytest.raises(DiffersError, match="ended with 2, not 0"):
        run_blocks(blocks_of(path), slow=False)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a  b", "a b\n", True),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nc", True),
        ("a\n...\nc", "a\nb\nc\nd", False),
        ("took ... seconds", "took 3 seconds", True),
        ("took ... seconds", "took 3 minutes", False),
        ("runs/x/20260101-000000-abcdef", "runs/x/20261123-215842-b7f756", True),
        ("0.5 of 1,000", "0.7 of 12", False),
        ("(a+)", "(a+)", True),
        ("a\nb", "a\nReading pictures: 1 of 1,048\nb", True),
    ],
)
def test_outputs_are_compared(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_numbers_may_vary() -> None:
    assert matches("0.5 of 1,000 at 3e-04", "0.7 of 12 at 1.5e-3", numbers_vary=True)
    assert not matches("0.5 of 1,000", "0.5 for 1,000", numbers_vary=True)
