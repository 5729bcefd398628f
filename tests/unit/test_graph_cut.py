"""A model cut in two gives what it gave whole, trains the same variables by the same gradients, is saved as ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.api import TaskModel
from ftsuite.errors import ResourceError
from ftsuite.models.backbones import LoadedBackbone, load_backbone
from ftsuite.models.blocks import Block, find_blocks
from ftsuite.models.freezing import set_trainable
from ftsuite.models.graph_cut import SplitModel, split_model
from ftsuite.models.graph_inline import distinct_names
from ftsuite.models.heads import image_classifier
from ftsuite.models.masked_language_head import masked_language_model
from ftsuite.models.preprocessing import ImagePreprocessing
from ftsuite.models.text_backbones import load_text_backbone
from ftsuite.models.text_encoder import TextEncoder
from ftsuite.models.text_heads import text_classifier
from ftsuite.training.plan import all_blocks
from tests.unit.test_blocks import FAMILIES
from tests.unit.tiny_text import scatter, tiny_text_backbone

# Keras reads TensorFlow variables the way that numpy 2 warns of; it is right all the same. And it warns where a model
# whose input is a dict of one is given a tensor, as our heads give it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The structure of `inputs` doesn't match:UserWarning"),
]

TEXTS = ["the film was very good", "bad and dull", "it was bad and dull " * 9, "fun"]
CLASSES = ["bad", "fine", "good"]
TEXT_FAMILIES = ("bert", "roberta", "deberta_v3", "albert", "f_net")


def image_case(family: str) -> tuple[TaskModel, tuple[Block, ...], Any]:
    """A classifier over a small random backbone, its blocks, and a batch of four pictures."""
    keras.utils.set_random_seed(2)
    hub = FAMILIES[family][0]()
    size = keras.tree.flatten(hub.input)[0].shape[1] or 32
    preprocessing = ImagePreprocessing(image_size=size, scale=1 / 255.0, offset=0.0)
    pooling = "token" if family in ("vit", "dinov2") else "average"
    backbone = LoadedBackbone(family, hub, find_blocks(hub), preprocessing, pooling, False)
    model = image_classifier(backbone, CLASSES, 0.2, "crop")
    pictures = np.random.default_rng(0).uniform(0, 255, size=(4, size, size, 3)).astype("float32")
    return model, all_blocks(model.training, backbone.blocks), pictures


def text_case(family: str, pooling: str = "cls", way: str = "head") -> tuple[TaskModel, tuple[Block, ...], Any]:
    """A classifier over a tiny random encoder, its blocks, and a batch of four packed texts."""
    backbone = tiny_text_backbone(family)
    encoder = TextEncoder(backbone.tokenizer, 16, way, max_windows=3)  # type: ignore[arg-type]
    model = text_classifier(backbone, encoder, CLASSES, 0.2, pooling)
    scatter(model.training)
    return model, all_blocks(model.training, backbone.blocks), encoder(TEXTS)


CASES: dict[str, Callable[[], tuple[TaskModel, tuple[Block, ...], Any]]] = {
    **{family: lambda family=family: image_case(family) for family in FAMILIES},  # type: ignore[misc]
    **{family: lambda family=family: text_case(family) for family in TEXT_FAMILIES},  # type: ignore[misc]
    "bert_mean": lambda: text_case("bert", "mean"),
    "bert_windows": lambda: text_case("bert", "mean", "windows"),
}
SLOW = ("mobilenet", "convnext")
CASE_PARAMETERS = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES]


def last_blocks(blocks: Sequence[Block], count: int) -> list[str]:
    return [block.name for block in blocks[-count:]]


def cut(model: Any, blocks: Sequence[Block], trained: Sequence[str]) -> SplitModel | None:
    set_trainable(model, blocks, trained, "frozen-stats")
    return split_model(model, model.trainable_variables, [model.get_layer("head_dropout")])


def every_cut(model: Any, blocks: Sequence[Block]) -> Iterator[SplitModel]:
    """The cut before each block but the first, from the head on; the model's variables are set to train likewise."""
    for count in range(1, len(blocks)):
        found = cut(model, blocks, last_blocks(blocks, count))
        assert found is not None, blocks[-count].name
        yield found
    assert cut(model, blocks, last_blocks(blocks, len(blocks))) is None


def values(output: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(output)


def joined(split: SplitModel, given: Any) -> np.ndarray:
    return values(split.tail(split.trunk(given, training=False), training=False))


def ids(variables: Sequence[Any]) -> list[int]:
    return sorted(id(variable) for variable in variables)


def gradients(model: Any, given: Any, variables: Sequence[Any]) -> list[np.ndarray]:
    """Gradients of a weighted sum of the model's outputs in inference, on the backend in use."""

    def loss() -> Any:
        outputs = model(given, training=False)
        return keras.ops.sum(outputs * keras.ops.arange(1, outputs.shape[-1] + 1, dtype="float32"))

    if keras.backend.backend() == "jax":
        import jax

        def of_values(raw: Sequence[Any]) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, raw, strict=True))):
                return loss()

        return [np.asarray(array) for array in jax.grad(of_values)([variable.value for variable in variables])]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        total = loss()
    found = tape.gradient(total, [variable.value for variable in variables])
    return [values(tf.convert_to_tensor(one)) for one in found]


@pytest.mark.parametrize("case", CASE_PARAMETERS)
def test_the_parts_together_are_the_model_wherever_it_is_cut(case: str) -> None:
    task_model, blocks, given = CASES[case]()
    model = task_model.training
    whole = values(model(given, training=False))
    for split in every_cut(model, blocks):
        np.testing.assert_allclose(joined(split, given), whole, atol=1e-6)
        assert ids(split.tail.trainable_variables) == ids(model.trainable_variables)
        assert not split.trunk.trainable_variables
        assert split.names == tuple(f"boundary_{number}" for number in range(len(split.names)))
        assert list(split.tail.input) == list(split.names)
        # Of texts in windows alone the hidden states have a row a window.
        assert split.keeps_batch_axis is (case != "bert_windows")
        rows = {array.shape[0] for array in split.trunk(given, training=False).values()}
        assert rows == ({4, 12} if case == "bert_windows" else {4})


@pytest.mark.parametrize("case", ["efficientnet", "resnet", "vit", "bert", "deberta_v3", "albert"])
def test_gradients_are_those_of_the_whole_model(case: str) -> None:
    task_model, blocks, given = CASES[case]()
    model = task_model.training
    for split in every_cut(model, blocks):
        trained = model.trainable_variables
        expected = gradients(model, given, trained)
        received = gradients(split.tail, split.trunk(given, training=False), trained)
        for one, other in zip(expected, received, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
        assert any(np.abs(array).max() > 1e-4 for array in expected)


@pytest.mark.parametrize("case", ["efficientnet", "vit", "bert", "deberta_v3", "f_net"])
def test_a_tail_is_cut_again_at_a_later_place(case: str) -> None:
    task_model, blocks, given = CASES[case]()
    model = task_model.training
    whole = values(model(given, training=False))
    dropout = [model.get_layer("head_dropout")]
    first = cut(model, blocks, last_blocks(blocks, len(blocks) - 1))
    assert first is not None
    kept = first.trunk(given, training=False)
    rest = first
    for count in range(len(blocks) - 2, 0, -1):
        set_trainable(model, blocks, last_blocks(blocks, count), "frozen-stats")
        found = split_model(rest.tail, model.trainable_variables, dropout)
        # All of a vision transformer's blocks are in one layer, so that a cut before one is the cut before them all.
        assert (found is None) == (case == "vit" and count > 1)
        if found is not None:
            rest, kept = found, found.trunk(kept, training=False)
        assert ids(rest.tail.trainable_variables) == ids(model.trainable_variables)
        np.testing.assert_allclose(values(rest.tail(kept, training=False)), whole, atol=1e-6)


@pytest.mark.parametrize("case", ["efficientnet", "bert"])
def test_training_the_tail_trains_the_model_and_nothing_else(case: str) -> None:
    task_model, blocks, given = CASES[case]()
    model = task_model.training
    split = cut(model, blocks, last_blocks(blocks, 2))
    assert split is not None
    trained = {id(variable) for variable in model.trainable_variables}
    before = {id(variable): values(variable) for variable in model.weights}
    kept = {name: values(array) for name, array in split.trunk(given, training=False).items()}
    split.tail.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    split.tail.fit(kept, np.ones((len(TEXTS), len(CLASSES)), np.float32), batch_size=2, epochs=1, verbose=0)
    for variable in model.weights:
        moved = np.abs(values(variable) - before[id(variable)]).max() > 0
        # The bias of the keys moves by rounding at most: a softmax over keys does not see it.
        may_rest = variable.path.endswith("key/bias")
        assert moved == (id(variable) in trained) or (may_rest and not moved), variable.path
    np.testing.assert_allclose(joined(split, given), values(model(given, training=False)), atol=1e-6)


def test_cutting_changes_no_flag_and_no_name() -> None:
    task_model, blocks, _ = image_case("efficientnet")
    model = task_model.training
    set_trainable(model, blocks, last_blocks(blocks, 2), "train")

    def flags() -> list[Any]:
        layers = [(layer.name, layer.trainable) for layer in model._flatten_layers()]
        return [*layers, *((variable.path, variable.trainable) for variable in model.weights)]

    before = flags()
    assert split_model(model, model.trainable_variables) is not None
    assert flags() == before


@pytest.mark.parametrize("case", ["efficientnet", "vit", "bert", "deberta_v3"])
def test_the_model_and_its_serving_twin_are_saved_as_ever(case: str, tmp_path: Path) -> None:
    task_model, blocks, given = CASES[case]()
    model = task_model.training
    assert len(list(every_cut(model, blocks))) == len(blocks) - 1
    model.save(tmp_path / "training.keras")
    loaded = keras.models.load_model(tmp_path / "training.keras")
    np.testing.assert_allclose(values(loaded(given)), values(model(given)), atol=1e-6)

    task_model.serving.save(tmp_path / "serving.keras")
    served = keras.models.load_model(tmp_path / "serving.keras")
    inner = served.get_layer("classifier")
    np.testing.assert_allclose(values(inner(given)), values(model(given)), atol=1e-6)
    if case in ("efficientnet", "vit"):
        expected = values(task_model.serving(given, training=False))
        np.testing.assert_allclose(values(served(given, training=False)), expected, atol=1e-6)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        texts = tf.constant(TEXTS)
        np.testing.assert_allclose(values(served(texts)), values(task_model.serving(texts)), atol=1e-6)


def test_the_head_s_dropout_drops_in_training_and_the_trunk_is_silent() -> None:
    task_model, blocks, given = text_case("bert")
    model = task_model.training
    split = cut(model, blocks, ["head"])
    assert split is not None
    kept = split.trunk(given, training=False)
    np.testing.assert_array_equal(values(split.trunk(given, training=False)["boundary_0"]), values(kept["boundary_0"]))
    assert np.abs(values(split.tail(kept, training=True)) - values(split.tail(kept, training=True))).max() > 0
    # Left to itself it uses nothing that trains, and so goes silent with the trunk.
    alone = split_model(model, model.trainable_variables)
    assert alone is not None
    assert [layer.name for layer in alone.tail.layers] == ["boundary_0", "head"]


def test_one_window_a_text_is_told_from_the_shapes_all_the_same() -> None:
    task_model, blocks, _ = text_case("bert", way="windows")
    split = cut(task_model.training, blocks, ["head"])
    assert split is not None
    given = {"token_ids": np.ones((4, 1, 8), np.int32), "padding_mask": np.ones((4, 1, 8), bool)}
    assert {array.shape[0] for array in split.trunk(given, training=False).values()} == {4}
    assert not split.keeps_batch_axis


def test_the_tail_of_a_masked_language_model_holds_the_embeddings_frozen() -> None:
    backbone = tiny_text_backbone("bert")
    model = masked_language_model(backbone)
    blocks = all_blocks(model, backbone.blocks)
    set_trainable(model, blocks, last_blocks(blocks, 2), "frozen-stats")
    split = split_model(model, model.trainable_variables)
    assert split is not None
    given = {
        "token_ids": np.arange(24, dtype=np.int32).reshape(2, 12),
        "padding_mask": np.arange(12)[None] < np.array([[12], [7]]),
        "mask_positions": np.array([[1, 5, 2], [3, 6, 0]], np.int32),
    }
    np.testing.assert_allclose(joined(split, given), values(model(given, training=False)), atol=1e-6)
    assert any(variable is backbone.hub.token_embedding.embeddings for variable in split.tail.weights)
    assert ids(split.tail.trainable_variables) == ids(model.trainable_variables)
    set_trainable(model, blocks, ["embeddings"], "frozen-stats")
    assert split_model(model, model.trainable_variables) is None


def test_mixed_precision_goes_through_the_cut() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        task_model, blocks, given = image_case("efficientnet")
    finally:
        keras.config.set_dtype_policy("float32")
    model = task_model.training
    whole = values(model(given, training=False))
    for split in every_cut(model, blocks):
        assert {tensor.dtype for tensor in split.trunk.output.values()} == {"bfloat16"}
        np.testing.assert_array_equal(joined(split, given), whole)


def test_what_needs_no_weights_is_made_again_and_not_kept() -> None:
    image = keras.Input((8, 8, 3))
    stem = keras.layers.Conv2D(4, 3, name="stem")(image)
    padded = keras.layers.ZeroPadding2D(1)(stem)
    convolved = keras.layers.Conv2D(4, 3, name="body")(padded)
    dropped = keras.layers.Dropout(0.5)(stem)
    model = keras.Model(image, keras.layers.Add()([stem, convolved, dropped]))
    split = split_model(model, model.get_layer("body").weights)
    assert split is not None
    # The stem's output and, because chance is no business of the tail, what is left of it after dropout.
    assert [tensor.shape for tensor in split.trunk.output.values()] == [(None, 6, 6, 4), (None, 6, 6, 4)]
    given = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(joined(split, given), values(model(given)), atol=1e-6)


def test_an_input_and_an_output_may_lie_on_the_cut() -> None:
    features, weight = keras.Input((3,), name="features"), keras.Input((1,), name="weight")
    hidden = keras.layers.Dense(4, name="body")(features)
    outputs = {"hidden": hidden, "logits": keras.layers.Dense(2, name="head")(hidden) * weight}
    model = keras.Model({"features": features, "weight": weight}, outputs)
    split = split_model(model, model.get_layer("head").weights)
    assert split is not None
    assert [tensor.shape for tensor in split.trunk.output.values()] == [(None, 1), (None, 4)]
    given = {"features": np.ones((2, 3), np.float32), "weight": np.full((2, 1), 3.0, np.float32)}
    whole, parts = model(given), split.tail(split.trunk(given, training=False))
    assert set(parts) == set(whole)
    for name, array in whole.items():
        np.testing.assert_allclose(values(parts[name]), values(array), atol=1e-6)


def test_inner_models_may_repeat_names_be_used_twice_and_take_other_types() -> None:
    inner_input = keras.Input((3,), dtype="float32", name="features")
    inner = keras.Model(inner_input, keras.layers.Dense(3, name="head")(inner_input), name="inner")
    stacked = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, name="head"), keras.layers.Dense(4)])
    numbers = keras.Input((3,), dtype="int32", name="features")
    twice = inner(inner(numbers), training=False)
    model = keras.Model(numbers, keras.layers.Dense(2, name="head")(stacked(twice)))
    split = split_model(model, stacked.layers[-1].weights)
    assert split is not None
    assert [tensor.shape for tensor in split.trunk.output.values()] == [(None, 5)]
    given = np.arange(12, dtype=np.int32).reshape(4, 3)
    np.testing.assert_allclose(joined(split, given), values(model(given)), atol=1e-6)
    assert [layer.name for layer in (inner.layers[-1], stacked.layers[0], model.layers[-1])] == ["head"] * 3


def test_names_come_back_after_an_error() -> None:
    layers = [keras.layers.Dense(1, name="head"), keras.layers.Dense(1, name="head")]
    with pytest.raises(KeyError), distinct_names(layers):
        assert [layer.name for layer in layers] == ["head", "head_1"]
        raise KeyError
    assert [layer.name for layer in layers] == ["head", "head"]


class Doubling(keras.Model):
    """A functional model whose call does more than its graph."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return 2 * super().call(inputs, training=training, mask=mask)


def test_a_model_with_a_call_of_its_own_stays_one_operation() -> None:
    inner_input = keras.Input((3,))
    body = keras.layers.Dense(3, name="body")
    inner = Doubling(inner_input, keras.layers.Dense(3, name="neck")(body(inner_input)), name="inner")
    outer = keras.Input((3,))
    model = keras.Model(outer, keras.layers.Dense(2, name="head")(inner(outer)))
    split = split_model(model, model.get_layer("head").weights)
    assert split is not None
    given = np.ones((2, 3), np.float32)
    np.testing.assert_allclose(joined(split, given), values(model(given)), atol=1e-6)
    assert split_model(model, inner.get_layer("neck").weights) is None
    assert split_model(inner, inner.get_layer("neck").weights) is None


def test_a_mask_of_keras_at_the_cut_forbids_it_and_one_before_does_not() -> None:
    tokens = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 4, mask_zero=True, name="embedding")(tokens)
    recurrent = keras.layers.GRU(3, name="recurrent")
    model = keras.Model(tokens, keras.layers.Dense(2, name="head")(recurrent(embedded)))
    assert split_model(model, recurrent.weights) is None
    split = split_model(model, model.get_layer("head").weights)
    assert split is not None
    given = np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0]], np.int32)
    np.testing.assert_allclose(joined(split, given), values(model(given)), atol=1e-6)


def test_nothing_is_cut_off_where_nothing_can_be() -> None:
    image = keras.Input((8, 8, 3))
    scaled = keras.layers.Rescaling(1 / 255.0)(image)
    head = keras.layers.Dense(2, name="head")
    model = keras.Model(image, head(keras.layers.GlobalAveragePooling2D()(scaled)))
    assert split_model(model, head.weights) is None
    assert split_model(model, []) is None
    with pytest.raises(ValueError, match="among its weights"):
        split_model(model, [*head.weights, keras.Variable(1.0)])


def test_real_backbones_are_cut_before_every_block() -> None:
    try:
        image = load_backbone("efficientnet_lite0_imagenet", pretrained=True, image_size=64)
        text = load_text_backbone("minilm_l6_en", pretrained=True)
    except ResourceError as error:
        pytest.skip(f"needs the pretrained weights: {error}")
    encoder = TextEncoder(text.tokenizer, 32)
    pictures = np.random.default_rng(0).uniform(0, 255, size=(2, 64, 64, 3)).astype("float32")
    cases = [
        (image_classifier(image, CLASSES, 0.2, "crop").training, image.blocks, pictures),
        (text_classifier(text, encoder, CLASSES, 0.1, "auto").training, text.blocks, encoder(TEXTS)),
    ]
    for model, backbone_blocks, given in cases:
        whole = values(model(given, training=False))
        for split in every_cut(model, all_blocks(model, backbone_blocks)):
            np.testing.assert_allclose(joined(split, given), whole, atol=1e-6)
            assert ids(split.tail.trainable_variables) == ids(model.trainable_variables)
            assert split.keeps_batch_axis
