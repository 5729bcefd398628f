"""Durations, train scopes and sources."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ftsuite.config import Duration, ImageSize, SourceReference, TrainScope, parse_source
from ftsuite.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "amount", "unit", "written"),
    [
        ("3 epochs", "3", "epochs", "3 epochs"),
        ("1 epoch", "1", "epochs", "1 epoch"),
        ("1 epochs", "1", "epochs", "1 epoch"),
        ("500 steps", "500", "steps", "500 steps"),
        ("1 step", "1", "steps", "1 step"),
        (" 10% ", "10", "percent", "10%"),
        ("10 %", "10", "percent", "10%"),
        ("2.50%", "2.5", "percent", "2.5%"),
        ("0%", "0", "percent", "0%"),
        ("100 epochs", "100", "epochs", "100 epochs"),
    ],
)
def test_duration_forms(text: str, amount: str, unit: str, written: str) -> None:
    duration = Duration.parse(text)
    assert (duration.amount, duration.unit) == (Decimal(amount), unit)
    assert str(duration) == written
    assert Duration.parse(written) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "epochs",
        "3 weeks",
        "-1 epochs",
        "1.5 epochs",
        "101%",
        "3 epochs 2",
        "٣ epochs",
        "1e3 steps",
        "%",
        "3\nepochs",
    ],
)
def test_duration_refuses(text: str) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        Duration.parse(text)


def test_duration_to_steps() -> None:
    assert Duration.parse("3 epochs").to_steps(40) == 120
    assert Duration.parse("500 steps").to_steps(40) == 500
    assert Duration.parse("10%").to_steps(40, 200) == 20
    assert Duration.parse("10%").to_steps(40, 201) == 21  # a started step is a step
    assert Duration.parse("0.1%").to_steps(1, 1000) == 1  # exact: 0.1 as a float would give 2
    assert Duration.parse("0%").to_steps(40, 200) == 0
    with pytest.raises(ConfigError, match=r"in epochs or steps\. Received: 10%"):
        Duration.parse("10%").to_steps(40)


@pytest.mark.parametrize(
    ("text", "scope", "written"),
    [
        ("head", TrainScope("head"), "head"),
        ("all", TrainScope("all"), "all"),
        ("biases", TrainScope("biases"), "biases"),
        ("last 2", TrainScope("last", 2), "last 2"),
        (" last  12 ", TrainScope("last", 12), "last 12"),
        ("first 1", TrainScope("first", 1), "first 1"),
        ("last 25%", TrainScope("last", percent=Decimal(25)), "last 25%"),
        ("last 12.50 %", TrainScope("last", percent=Decimal("12.5")), "last 12.5%"),
        ("last 100%", TrainScope("last", percent=Decimal(100)), "last 100%"),
        ("blocks stem", TrainScope("blocks", names=("stem",)), "blocks stem"),
        ("blocks b,  a/x_1 ,c", TrainScope("blocks", names=("b", "a/x_1", "c")), "blocks b, a/x_1, c"),
    ],
)
def test_scope_forms(text: str, scope: TrainScope, written: str) -> None:
    assert TrainScope.parse(text) == scope
    assert str(scope) == written
    assert TrainScope.parse(written) == scope


@pytest.mark.parametrize(
    "text",
    [
        *("", "heads", "HEAD", "2", "biases 2"),
        *("last", "last 0", "last -1", "last x", "last 2 3", "last 0%", "last 100.1%", "last 1e1%"),
        *("first", "first 0", "first 25%"),
        *("blocks", "blocks ,", "blocks a,", "blocks a b", "blocks a, a"),
    ],
)
def test_scope_refuses(text: str) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        TrainScope.parse(text)


def test_a_share_of_blocks_is_rounded_up_exactly() -> None:
    counts = [TrainScope.parse(f"last {share}%").count_of(9) for share in ("0.1", "25", "33.333333", "50", "100")]
    assert counts == [1, 3, 3, 5, 9]
    assert TrainScope.parse("last 10%").count_of(10) == 1  # a float would make it 2 of some totals
    assert TrainScope.parse("first 3").count_of(2) == 3
    assert TrainScope.parse("all").count_of(9) is None


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("field-guide", "field-guide", ""),
        ("folder:a b", "folder", "a b"),
        ("folder:./a:b", "folder", "./a:b"),
        ("csv:x.csv", "csv", "x.csv"),
        ("tfds:caltech_birds2011:0.1.1", "tfds", "caltech_birds2011:0.1.1"),
        ("asset:cub", "asset", "cub"),
        ("../photos", "path", "../photos"),
        ("./a:b", "path", "./a:b"),
        ("C:\\birds", "path", "C:\\birds"),
    ],
)
def test_source_forms(text: str, kind: str, value: str) -> None:
    reference = parse_source(text)
    assert reference == SourceReference(kind, value)  # type: ignore[arg-type]
    assert str(reference) == text


@pytest.mark.parametrize("text", ["", "  ", "folder:", "tfds: ", "foldr:x", "https://example.com/x.zip"])
def test_source_refuses(text: str) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        parse_source(text)


@pytest.mark.parametrize(
    ("written", "shipped", "pixels"),
    [
        (160, 224, 160), (33, 224, 33), ("60%", 224, 128), ("75%", 224, 160), ("75 %", 224, 160), ("100%", 241, 241),
        ("60%", 240, 160), ("60%", 32, 32), ("1%", 224, 32), ("400%", 2048, 2048), ("150%", 224, 352),
    ],
)  # fmt: skip
def test_sizes_of_pictures_are_pixels_or_a_share_of_the_shipped_size(
    written: int | str, shipped: int, pixels: int
) -> None:
    size = ImageSize.parse(written)
    assert size.pixels(shipped) == pixels
    assert ImageSize.parse(size.plain()) == size


@pytest.mark.parametrize("wrong", [31, 2049, True, 160.0, "160", "0%", "401%", "1.5%", "", None, -64])
def test_other_sizes_are_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        ImageSize.parse(wrong)  # type: ignore[arg-type]
