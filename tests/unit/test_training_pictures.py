from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ftsuite.data.drawn_pictures import draw_input, field_guide_input
from ftsuite.data.image_files import decode_image, scan_image
from ftsuite.data.image_options import Augmentation, Colour, CropResize, Flip, ImageOptions, RandAugment
from ftsuite.data.kept_pictures import DRAWN, KeptPictures
from ftsuite.data.training_pictures import TrainingPictures, fused_count
from ftsuite.errors import DataError

WHOLE = (CropResize(name="crop-resize", scale=(1.0, 1.0), ratio=(1.0, 1.0)),)
USUAL = ImageOptions().augment


def photo(seed: int, height: int = 90, width: int = 120) -> np.ndarray:
    """Blots of grey with a little colour, as colours of photos change less than their brightness does."""
    draws, shape = np.random.default_rng(seed), (height // 6 + 1, width // 6 + 1)
    noise = draws.integers(20, 236, (*shape, 1)) + draws.integers(-20, 20, (*shape, 3))
    return cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def save(path: Path, pixels: np.ndarray, **settings: object) -> bytes:
    Image.fromarray(pixels).save(path, **settings)
    return str(path).encode()


def keys_of(count: int, epoch: int = 3) -> np.ndarray:
    return np.stack([np.full(count, epoch), np.arange(count)], axis=1).astype(np.int32)


def made(
    sources: Sequence[bytes], augment: Sequence[Augmentation] = USUAL, size: int = 48, kept: KeptPictures | None = None
) -> np.ndarray:
    reader = TrainingPictures(size, augment, kept or KeptPictures())
    decoders = np.array([scan_image(source.decode()).needs_pillow for source in sources], np.uint8)
    return reader(sources, decoders, keys_of(len(sources)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("pictures")
    sizes = [(90, 120), (227, 227), (500, 333), (31, 400), (64, 64), (1000, 900)]
    return [save(folder / f"{n}.jpg", photo(n, *size), quality=92) for n, size in enumerate(sizes)]


def test_a_picture_depends_on_its_key_alone(files: list[bytes]) -> None:
    reader, decoders = TrainingPictures(48, USUAL, KeptPictures()), np.zeros(len(files), np.uint8)
    batch = reader(files, decoders, keys_of(len(files)))
    assert batch.dtype == np.uint8
    assert batch.shape == (6, 48, 48, 3)
    for number, file in enumerate(files):
        alone = reader([file], decoders[:1], keys_of(len(files))[number : number + 1])
        np.testing.assert_array_equal(alone[0], batch[number])
    assert not np.array_equal(batch, reader(files, decoders, keys_of(len(files), epoch=4)))


def test_keeping_pictures_changes_no_pixel_and_their_files_are_not_read_again(
    files: list[bytes], tmp_path: Path
) -> None:
    copies = [save(tmp_path / Path(file.decode()).name, decode_image(file.decode()), quality=92) for file in files]
    kept = KeptPictures()
    kept.keep_in_memory(2**30)
    plain = made(copies)
    np.testing.assert_array_equal(made(copies, kept=kept), plain)
    assert kept.size_bytes > 0
    reader, decoders = TrainingPictures(48, USUAL, kept), np.zeros(len(copies), np.uint8)
    for copy in copies:
        Path(copy.decode()).unlink()
    np.testing.assert_array_equal(reader(copies, decoders, keys_of(len(copies))), plain)


def test_what_does_not_fit_is_not_kept(files: list[bytes]) -> None:
    kept = KeptPictures()
    kept.keep_in_memory(100_000)
    made(files, kept=kept)
    assert 0 < kept.size_bytes <= 100_000
    np.testing.assert_array_equal(made(files, kept=kept), made(files))


def test_another_size_does_not_take_pictures_that_were_shrunk_for_this_one(files: list[bytes]) -> None:
    kept = KeptPictures()
    kept.keep_in_memory(2**30)
    for size in (32, 200, 32):
        np.testing.assert_array_equal(made(files, size=size, kept=kept), made(files, size=size))


def test_bytes_may_come_in_place_of_files(files: list[bytes]) -> None:
    reader, decoders = TrainingPictures(48, USUAL, KeptPictures()), np.zeros(len(files), np.uint8)
    contents = [Path(file.decode()).read_bytes() for file in files]
    by_bytes = reader([b"record 1"] * len(files), decoders, keys_of(len(files)), contents)
    np.testing.assert_array_equal(by_bytes, made(files))


@pytest.mark.parametrize(
    ("name", "mode", "settings"),
    [
        ("a.jpg", "RGB", {"quality": 95}),
        ("grey.jpg", "L", {"quality": 95}),
        ("cmyk.jpg", "CMYK", {"quality": 95}),
        ("progressive.jpg", "RGB", {"quality": 95, "progressive": True}),
        ("a.png", "RGB", {}),
        ("alpha.png", "RGBA", {}),
        ("palette.gif", "P", {}),
        ("a.webp", "RGB", {"lossless": True}),
    ],
)
def test_pictures_of_every_kind_are_read_as_pillow_reads_them(
    tmp_path: Path, name: str, mode: str, settings: dict[str, object]
) -> None:
    path = tmp_path / name
    Image.fromarray(photo(2, 48, 48)).convert(mode).save(path, **settings)
    image = made([str(path).encode()], WHOLE)[0]
    assert np.abs(image.astype(int) - decode_image(path).astype(int)).mean() < 2.5


def test_turned_and_16_bit_pictures_go_through_pillow(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = save(tmp_path / "turned.jpg", photo(3, 48, 48), exif=exif, quality=95)
    sixteen = tmp_path / "sixteen.png"
    Image.fromarray(photo(4, 48, 48)[:, :, 0].astype(np.uint16) * 257).save(sixteen)
    for path in (turned.decode(), str(sixteen)):
        np.testing.assert_array_equal(made([path.encode()], WHOLE)[0], decode_image(path))


def test_a_jpeg_that_libjpeg_warns_of_is_read_all_the_same(tmp_path: Path) -> None:
    memory = io.BytesIO()
    Image.fromarray(photo(5, 48, 48)).save(memory, "JPEG", quality=95)
    data = memory.getvalue()
    path = tmp_path / "junk.jpg"
    path.write_bytes(data[:-2] + b"\0\0\0\0\0\0junk" + data[-2:])
    image = made([str(path).encode()], WHOLE)[0]
    assert np.abs(image.astype(int) - decode_image(path).astype(int)).mean() < 2.5


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize("change", ["cut", "replaced", "gone", "empty"])
def test_a_picture_that_changed_after_its_scan_is_named(tmp_path: Path, name: str, change: str) -> None:
    path = tmp_path / name
    save(path, photo(1))
    reader, decoders = TrainingPictures(48, USUAL, KeptPictures()), np.array([scan_image(path).needs_pillow], np.uint8)
    if change == "gone":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes({"cut": data[: len(data) // 2], "replaced": b"GIF89a and then nothing", "empty": b""}[change])
    with pytest.raises(DataError, match=str(path)):
        reader([str(path).encode()], decoders, keys_of(1))


def natural(seed: int, side: int) -> np.ndarray:
    """A picture whose detail falls with its fineness as that of photos does."""
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    frequencies[0, 0] = 1.0
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, frequencies.shape)
    grey = np.fft.irfft2(np.exp(1j * phases) / frequencies, s=(side, side))
    grey = (grey - grey.mean()) / grey.std() * 45 + 128
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def far_from(picture: np.ndarray, ideal: np.ndarray) -> float:
    return float(np.sqrt(np.mean((picture.astype(float) - ideal) ** 2)))


@pytest.mark.parametrize("side", [100, 125, 155, 184, 250, 344, 392, 704, 1104])
def test_nothing_is_aliased_at_any_scale(tmp_path: Path, side: int) -> None:
    """Measured by what Lanczos' filter gives, beside an antialiased triangle's; without any it is up to 4.5 times."""
    picture = natural(side, side)
    image = Image.fromarray(picture)
    ideal = np.asarray(image.resize((96, 96), Image.Resampling.LANCZOS)).astype(float)
    usual = far_from(np.asarray(image.resize((96, 96), Image.Resampling.BILINEAR)), ideal)
    for source in (save(tmp_path / "a.png", picture), save(tmp_path / "a.jpg", picture, quality=97)):
        assert far_from(made([source], WHOLE, size=96)[0], ideal) < 1.65 * usual


def test_lines_of_a_pixel_each_become_grey(tmp_path: Path) -> None:
    crop = (CropResize(name="crop-resize", scale=(0.35, 1.0)),)
    for side in (200, 300, 480, 700):
        lines = np.zeros((side, side, 3), np.uint8)
        lines[:, ::2] = 255
        sources = [save(tmp_path / f"{side}.png", lines), save(tmp_path / f"{side}.jpg", lines, quality=95)]
        assert made(sources * 8, crop).astype(float)[:, 4:-4, 4:-4].std(axis=(1, 2)).max() < 5.0, side


@pytest.mark.parametrize("side", [60, 200, 460, 1000])
def test_pixels_are_near_those_of_exact_decoding_and_antialiased_resizing(tmp_path: Path, side: int) -> None:
    tf = pytest.importorskip("tensorflow")
    source = save(tmp_path / "a.jpg", natural(7, side), quality=92)
    exact = tf.image.resize(decode_image(source.decode()), (96, 96), "bilinear", antialias=True).numpy()
    assert np.abs(made([source], WHOLE, size=96)[0] - exact).mean() < 5.0


def test_real_photographs_are_near_those_of_exact_decoding(shared: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    errors = []
    for path in sorted((shared / "datasets" / "cub20_photos").rglob("*.jpg"))[:12]:
        pixels = decode_image(path)
        side = min(pixels.shape[:2])
        reader = TrainingPictures(224, WHOLE, KeptPictures())
        box = pixels[:side, :side]
        exact = tf.image.resize(box, (224, 224), "bilinear", antialias=True).numpy()
        errors.append(np.abs(reader.augmented([box], keys_of(1))[0] - exact).mean())
    assert np.mean(errors) < 3.0


def test_half_of_the_pictures_are_mirrored_and_nothing_else_changes() -> None:
    picture = photo(1, 48, 48)
    flipped = TrainingPictures(48, (*WHOLE, Flip(name="flip")), KeptPictures())
    images = flipped.augmented([picture] * 600, keys_of(600))
    mirrored = (images == picture[:, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (images == picture).all(axis=(1, 2, 3))).all()
    assert 240 < mirrored.sum() < 360


def test_colours_are_those_of_the_matrix_and_are_clipped() -> None:
    picture = np.full((48, 48, 3), (250, 10, 128), np.uint8)
    wild = Colour(name="colour", brightness=1.0, contrast=1.0, saturation=1.0)
    images = TrainingPictures(48, (*WHOLE, wild), KeptPictures()).augmented([picture] * 50, keys_of(50))
    assert (images == 255).any() and (images == 0).any()
    none = Colour(name="colour", brightness=0.0, contrast=0.0, saturation=0.0)
    same = TrainingPictures(48, (*WHOLE, none), KeptPictures()).augmented([picture], keys_of(1))
    assert np.abs(same[0].astype(int) - picture).max() <= 1


def test_only_the_first_of_each_kind_is_done_at_once() -> None:
    crop, flip, colour = USUAL
    other = RandAugment(name="rand-augment")
    assert fused_count(USUAL) == 3
    assert fused_count((flip, colour, crop)) == 3
    assert fused_count((crop, flip, other, colour)) == 2
    assert fused_count((crop, colour, colour)) == 2
    assert fused_count((flip, colour)) == 0


def test_drawn_pictures_are_kept_as_they_are_drawn() -> None:
    source = field_guide_input("train/northern-cardinal/00003", 0)
    kept = KeptPictures()
    kept.keep_in_memory(2**20)
    reader = TrainingPictures(224, WHOLE, kept)
    image = reader([source.encode()], np.zeros(1, np.uint8), keys_of(1))[0]
    np.testing.assert_array_equal(image, draw_input(source))
    assert kept.find(source, DRAWN) is not None
