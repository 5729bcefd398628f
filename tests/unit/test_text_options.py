from __future__ import annotations

import subprocess
import sys
from typing import Any

import pydantic
import pytest

from ftsuite.data.text_options import Adaptation, TextOptions


def test_defaults() -> None:
    options = TextOptions()
    assert (options.max_length, options.long_texts, options.max_windows) == (None, "head", 4)
    assert (options.pooling, options.clean_html) == ("auto", True)
    adaptation = Adaptation()
    assert (adaptation.source, adaptation.text_column, adaptation.general) == (None, None, "asset:imdb-reviews")
    assert (adaptation.head_sequences, adaptation.sequences, adaptation.epochs) == (2000, None, 3)
    assert (adaptation.learning_rate, adaptation.head_learning_rate) == (3e-4, 3e-3)
    assert (adaptation.batch_size, adaptation.max_length, adaptation.mask_share) == (16, 128, 0.15)
    assert (adaptation.held_out, adaptation.compare) == (200, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_length": 7},
        {"max_length": 4097},
        {"max_windows": 0},
        {"long_texts": "tail"},
        {"pooling": "max"},
        {"clean_html": "maybe"},
        {"max_lenght": 128},
    ],
)
def test_what_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        TextOptions.model_validate(wrong)
    assert TextOptions.model_validate({"max_length": 8, "long_texts": "windows", "pooling": "cls"}).max_length == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "folder:a"},
        {"source": "jsonl:"},
        {"general": "imdb"},
        {"mask_share": 0.0},
        {"mask_share": 1.0},
        {"epochs": 0},
        {"learning_rate": 0},
        {"held_out": 0},
        {"sequences": 0},
    ],
)
def test_what_adaptation_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Adaptation.model_validate(wrong)


@pytest.mark.parametrize("source", ["jsonl:a.jsonl", "csv:a.csv", "parquet:a", "txt:a.txt", "asset:licence-texts"])
def test_sources_of_unlabelled_text(source: str) -> None:
    assert Adaptation(source=source).source == source


@pytest.mark.parametrize("options", [TextOptions, Adaptation])
def test_every_option_is_described(options: type[pydantic.BaseModel]) -> None:
    assert all(field.description for field in options.model_fields.values())


def test_a_spec_may_import_it() -> None:
    code = "import sys, ftsuite.data.text_options; print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
