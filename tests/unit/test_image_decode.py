from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftsuite.data.image_files import decode_image, scan_image

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs
tf = pytest.importorskip("tensorflow")


def decode_by_dataset(paths: list[Path]) -> list[np.ndarray]:
    from ftsuite.data.image_decode import decode_dataset_element

    flags = np.asarray([scan_image(path).needs_pillow for path in paths], np.uint8)
    dataset = tf.data.Dataset.from_tensor_slices(([str(path) for path in paths], flags))
    decoded = dataset.map(decode_dataset_element, num_parallel_calls=2)
    assert decoded.element_spec.shape.as_list() == [None, None, 3]
    return list(decoded.as_numpy_iterator())


def photo(seed: int, height: int = 61, width: int = 83) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height // 6 + 1, width // 6 + 1, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def test_both_decoders_give_the_same_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = []
    for index, (name, mode, settings) in enumerate(
        [
            ("a.jpg", "RGB", {"quality": 90}),
            ("444.jpg", "RGB", {"quality": 75, "subsampling": 0}),
            ("422.jpg", "RGB", {"quality": 75, "subsampling": 1}),
            ("progressive.jpg", "RGB", {"progressive": True}),
            ("grey.jpg", "L", {}),
            ("cmyk.jpg", "CMYK", {}),
            ("turned.jpg", "RGB", {"exif": exif}),
            ("a.png", "RGB", {}),
            ("grey.png", "L", {}),
            ("alpha.png", "RGBA", {}),
            ("palette.gif", "P", {}),
            ("a.webp", "RGB", {}),
        ]
    ):
        path = tmp_path / name
        photo(index).convert(mode).save(path, **settings)
        paths.append(path)
    for path, pixels in zip(paths, decode_by_dataset(paths), strict=True):
        expected = decode_image(path)
        assert pixels.shape == expected.shape, path.name
        assert np.abs(pixels.astype(int) - expected.astype(int)).max() <= 2, path.name


def test_real_photographs_decode_the_same(shared: Path) -> None:
    paths = sorted((shared / "datasets" / "cub20_photos").rglob("*.jpg"))[:12]
    for path, pixels in zip(paths, decode_by_dataset(paths), strict=True):
        assert np.abs(pixels.astype(int) - decode_image(path).astype(int)).max() <= 2, path.name


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("change", ["cut", "replaced", "gone"])
def test_a_picture_that_changed_after_its_scan_is_named(tmp_path: Path, name: str, change: str) -> None:
    from ftsuite.data.image_decode import decode_dataset_element

    path = tmp_path / name
    photo(1).save(path)
    flag = scan_image(path).needs_pillow
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-50] if change == "cut" else b"GIF89a and then nothing")
    dataset = tf.data.Dataset.from_tensors((str(path), flag)).map(decode_dataset_element)
    with pytest.raises(tf.errors.OpError, match=str(path)):
        list(dataset)


def test_files_at_fault_are_found_again(tmp_path: Path) -> None:
    from ftsuite.data.image_decode import find_undecodable

    photo(1).save(tmp_path / "good.jpg")
    assert find_undecodable([str(tmp_path / "good.jpg")]) is None
    (tmp_path / "bad.jpg").write_bytes(b"")
    error = find_undecodable([str(tmp_path / "good.jpg"), str(tmp_path / "bad.jpg")])
    assert error is not None
    assert "bad.jpg: is empty" in error.message
