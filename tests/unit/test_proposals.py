"""Configs that are proposed for data: right at once, fit for what was found, with a reason for each choice."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import load_config, shipped_plans
from ftsuite.config.commented import Entry, commented_yaml
from ftsuite.data.looks import Hint, Look, PictureLook, TextLook
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry
from ftsuite.runs.proposal import Machine, Proposal, propose
from ftsuite.runs.proposal.expected import expected_seconds
from ftsuite.runs.proposal.propose import Source
from ftsuite.runs.proposal.tasks import task_for

LAPTOP, SERVER = Machine(2, False), Machine(16, True)
PHOTOS = PictureLook(100, 375, 500, 1.4, 0.0)
REVIEWS = TextLook(1000, 120.0, 160.0, 230, 0.0)


def pictures(counts: dict[str, int], **changed: Any) -> Look:
    look = Look("folder", "image", tuple(counts), {"": Counter(counts)}, {}, pictures=PHOTOS)
    return replace(look, **changed)


def texts(counts: dict[str, int], **changed: Any) -> Look:
    columns = {"text_column": "text", "label_column": "label"}
    return replace(Look("csv", "text", tuple(counts), {"": Counter(counts)}, columns, texts=REVIEWS), **changed)


def even(classes: int, each: int) -> dict[str, int]:
    return {f"kind {number}": each for number in range(classes)}


def proposed(look: Look, tmp_path: Path, machine: Machine = LAPTOP, **named: Any) -> tuple[Proposal, Any]:
    """The proposal, and its config as a run loads it."""
    registry = Registry.discover()
    name, why = task_for(look)
    form = "folder:photos" if look.modality == "image" else "csv:texts.csv"
    made = propose(look, Source(form, "", "ftsuite config new", "job.yaml"), registry.spec(name), why, machine, **named)
    (tmp_path / "job.yaml").write_text(made.text, encoding="utf-8")
    return made, load_config(str(tmp_path / "job.yaml"), options_model=registry.options_model)


LOOKS = {
    "few pictures": pictures(even(3, 9)),
    "some pictures": pictures(even(20, 12)),
    "pictures": pictures(even(5, 80)),
    "many pictures": pictures(even(100, 500)),
    "very many pictures": pictures(even(1000, 1300)),
    "uneven pictures": pictures({"a": 400, "b": 60, "c": 40}),
    "extremely uneven pictures": pictures({"a": 4000, "b": 10}),
    "digits": pictures(dict.fromkeys("0123456789", 50)),
    "texts": texts(even(4, 200)),
    "few texts": texts(even(4, 6)),
    "many texts": texts(even(2, 500_000)),
    "uneven texts": texts({"a": 900, "b": 100}),
    "extremely uneven texts": texts({"a": 9000, "b": 100}),
    "official": replace(
        pictures(even(4, 50)), counts={split: Counter(even(4, 50)) for split in ("train", "validation", "test")}
    ),
    "not looked up": pictures(even(4, 50), pictures=None),
}


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("machine", [LAPTOP, SERVER], ids=["laptop", "server"])
def test_every_proposal_passes_config_check(name: str, machine: Machine, tmp_path: Path) -> None:
    made, loaded = proposed(LOOKS[name], tmp_path, machine)
    assert loaded.notes == ()
    plan = loaded.config.finetune.plan
    assert plan is None or plan in shipped_plans()
    assert max(map(len, made.text.splitlines())) <= 120
    if made.cost is not None:
        seconds = expected_seconds(loaded.config, made.sizes, made.cost)
        assert 30 <= seconds < 6 * 3600 or "# sample: 20000" in made.text


@pytest.mark.parametrize(
    ("name", "machine", "plan"),
    [
        ("few pictures", LAPTOP, "linear-probe"),
        ("some pictures", LAPTOP, "gradual"),
        ("pictures", LAPTOP, None),
        ("many pictures", LAPTOP, "linear-probe"),
        ("many pictures", SERVER, "full-decay"),
        ("few texts", LAPTOP, "linear-probe"),
        ("texts", LAPTOP, None),
        ("many texts", LAPTOP, "linear-probe"),
        ("many texts", SERVER, None),
    ],
)
def test_the_plan_fits_the_number_of_examples_and_the_machine(
    name: str, machine: Machine, plan: str | None, tmp_path: Path
) -> None:
    made, loaded = proposed(LOOKS[name], tmp_path, machine)
    assert loaded.config.finetune.plan == plan
    assert re.search(rf"{LOOKS[name].total:,} examples in {len(LOOKS[name].class_names):,} classes", made.text)


def test_classes_of_unlike_size_are_balanced_and_judged_alike(tmp_path: Path) -> None:
    config = proposed(LOOKS["uneven pictures"], tmp_path)[1].config
    assert (config.data.sampling, config.evaluation.headline) == ("balanced", "macro_f1")
    assert config.finetune.early_stopping.metric == "macro_f1"
    config = proposed(LOOKS["extremely uneven pictures"], tmp_path)[1].config
    assert config.data.sampling == "square-root"
    config = proposed(LOOKS["uneven texts"], tmp_path)[1].config
    assert (config.data.sampling, config.finetune.class_weights) == ("natural", "balanced")
    config = proposed(LOOKS["extremely uneven texts"], tmp_path)[1].config
    assert config.finetune.class_weights == "effective-number"
    config = proposed(LOOKS["pictures"], tmp_path)[1].config
    assert (config.data.sampling, config.evaluation.headline) == ("natural", None)


def test_official_splits_are_kept(tmp_path: Path) -> None:
    made, loaded = proposed(LOOKS["official"], tmp_path)
    assert "fraction" not in made.text
    assert (made.sizes.train, made.sizes.validation, made.sizes.test) == (200, 200, 200)
    assert "data.test_fraction" not in {key for key, origin in loaded.origins.items() if origin.line}


@pytest.mark.parametrize(
    ("seen", "size"), [((28, 28), 96), ((64, 80), 128), ((150, 400), 160), ((375, 500), 224), ((32, 2000), 96)]
)
def test_small_pictures_are_trained_small(seen: tuple[int, int], size: int, tmp_path: Path) -> None:
    look = pictures(even(5, 80), pictures=PictureLook(9, *seen, max(seen) / min(seen), 0.0))
    config = proposed(look, tmp_path)[1].config
    assert config.options["image_size"] == size
    assert (config.options.get("fit") == "pad") is (max(seen) > 2 * min(seen))


def test_pictures_are_not_mirrored_where_a_mirror_changes_the_class(tmp_path: Path) -> None:
    def changes(look: Look) -> set[str]:
        return {change["name"] for change in proposed(look, tmp_path)[1].config.options["augment"]}

    assert changes(LOOKS["pictures"]) == {"crop-resize", "flip", "colour"}
    assert changes(LOOKS["digits"]) == {"crop-resize", "colour"}
    assert changes(pictures({"turn left": 50, "turn right": 50})) == {"crop-resize", "colour"}


def test_texts_are_read_as_far_as_most_of_them_go(tmp_path: Path) -> None:
    def options(tokens: int) -> Any:
        return proposed(texts(even(4, 200), texts=replace(REVIEWS, tokens_95=tokens)), tmp_path)[1].config.options

    assert options(57) == {"max_length": 64}
    assert options(3) == {"max_length": 32}
    assert options(900) == {"max_length": 256, "long_texts": "head-tail"}


@pytest.mark.parametrize(
    ("classes", "column", "task"),
    [
        (("neg", "pos"), "label", "sentiment"),
        (("Negative", "Neutral", "Positive"), "x", "sentiment"),
        (("0", "1"), "label", "domain-text"),
        (("0", "1"), "sentiment", "sentiment"),
        (("1", "2", "3", "4", "5"), "stars", "sentiment"),
        (("1", "2", "3", "4", "5"), "chapter", "domain-text"),
        (("sports", "politics"), "label", "domain-text"),
    ],
)
def test_the_task_follows_from_the_classes(classes: tuple[str, ...], column: str, task: str) -> None:
    look = texts(dict.fromkeys(classes, 50), columns={"text_column": "text", "label_column": column})
    assert task_for(look)[0] == task


def test_a_task_of_the_other_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"one of pictures, which these data are\. Received: 'sentiment'"):
        propose(
            LOOKS["pictures"],
            Source("folder:p", "", "c", "f"),
            Registry.discover().spec("sentiment"),
            "as asked for",
            LAPTOP,
        )


def test_a_backbone_that_is_asked_for_is_taken_at_its_own_size(tmp_path: Path) -> None:
    made, loaded = proposed(LOOKS["pictures"], tmp_path, backbone="efficientnetv2_s_imagenet")
    assert loaded.config.backbone.name == "efficientnetv2_s_imagenet"
    assert loaded.config.options["image_size"] is None
    assert made.cost is None


def test_what_only_the_user_knows_is_left_as_comments(tmp_path: Path) -> None:
    hints = (Hint("group_column", "patient", "60 values in 300 rows"), Hint("time_column", "day", "to test on"))
    made, loaded = proposed(texts(even(4, 200), hints=hints), tmp_path)
    assert "  # group_column: patient  # 60 values in 300 rows" in made.text
    assert loaded.config.data.group_column is None
    (tmp_path / "job.yaml").write_text(made.text.replace("# group_column", "group_column"), encoding="utf-8")
    assert load_config(str(tmp_path / "job.yaml")).config.data.group_column == "patient"


def test_what_is_unusable_or_shared_is_answered_for(tmp_path: Path) -> None:
    look = pictures(even(4, 50), bad=(("a/x.txt", "is not a picture"),), skips=True, empty=("none",), shared=3)
    made, loaded = proposed(look, tmp_path)
    assert (loaded.config.data.bad_files, loaded.config.data.overlap) == ("skip", "drop-from-training")
    assert "a/x.txt is not a picture" in " ".join(made.text.split())


@pytest.mark.parametrize("name", ["a\nevil: 1", "x\u2028task: y", "tab\there", "# no", "'\"", "\x00", "é ü", "a" * 300])
def test_names_from_data_stay_in_their_comments_and_values(name: str, tmp_path: Path) -> None:
    hints = (Hint("group_column", name, f"why {name}"),)
    counts = {name: 300, "b": 10}
    look = texts(
        counts, hints=hints, bad=((name, name),), skips=True, columns={"label_column": name, "text_column": "t"}
    )
    loaded = proposed(look, tmp_path)[1]
    assert loaded.config.data.label_column == name
    assert loaded.config.task == "domain-text"


def test_commented_yaml_puts_reasons_beside_or_above() -> None:
    entries = [Entry("a", 1, "short"), Entry("b", (Entry("c", [{"x": 1}], "w" * 5),)), Entry("d", "x", "long " * 30)]
    lines = commented_yaml(["head", ""], entries).splitlines()
    assert lines[:7] == ["# head", "#", "a: 1  # short", "b:", "  # wwwww", "  c:", "    - {x: 1}"]
    assert lines[7].startswith("# long") and lines[-1] == "d: x"
