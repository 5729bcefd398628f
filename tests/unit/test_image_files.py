from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ftsuite.data import image_files
from ftsuite.data.image_files import BadFile, ImageInfo, decode_image, needs_pillow, scan_image, scan_images
from ftsuite.errors import DataError


def picture(height: int = 40, width: int = 60, channels: int = 3) -> np.ndarray:
    """Smooth colours with an edge, so that rotation and chroma both show."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], axis=-1)
    pixels[: height // 2, : width // 4] = (250, 10, 10)
    return pixels.astype(np.uint8)[..., :channels]


def save(path: Path, image: Image.Image, **settings: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **settings)
    return path


def reason_of(path: Path) -> str:
    (entry,) = scan_images([path])
    assert isinstance(entry, BadFile)
    assert entry.path == str(path)
    return entry.reason


def test_info_of_a_plain_jpeg(tmp_path: Path) -> None:
    path = save(tmp_path / "A.JPG", Image.fromarray(picture()), format="JPEG", quality=95)
    info = scan_image(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert info == ImageInfo(str(path), digest, "JPEG", 60, 40, "RGB", 1, False)


@pytest.mark.parametrize(
    ("name", "mode", "settings", "pillow"),
    [
        ("grey.jpg", "L", {}, False),
        ("cmyk.jpg", "CMYK", {}, True),
        ("plain.png", "RGB", {}, False),
        ("grey.png", "L", {}, False),
        ("alpha.png", "RGBA", {}, True),
        ("palette.png", "P", {}, True),
        ("bilevel.png", "1", {}, True),
        ("transparent.png", "RGB", {"transparency": (1, 2, 3)}, True),
        ("picture.bmp", "RGB", {}, True),
        ("picture.webp", "RGB", {}, True),
        ("picture.tif", "RGB", {}, True),
        ("picture.gif", "P", {}, True),
        ("progressive.jpg", "RGB", {"progressive": True}, False),
    ],
)
def test_which_decoder_a_picture_needs(
    tmp_path: Path, name: str, mode: str, settings: dict[str, Any], pillow: bool
) -> None:
    path = save(tmp_path / name, Image.fromarray(picture()).convert(mode), **settings)
    assert scan_image(path).needs_pillow is pillow
    assert needs_pillow([path]).tolist() == [int(pillow)]
    decoded = decode_image(path)
    assert decoded.shape == (40, 60, 3)
    assert decoded.dtype == np.uint8
    assert decode_image(path, channels=1).shape == (40, 60, 1)


def test_content_and_not_the_ending_decides(tmp_path: Path) -> None:
    path = save(tmp_path / "really_a.jpg", Image.fromarray(picture()), format="PNG")
    assert scan_image(path).format == "PNG"
    np.testing.assert_array_equal(decode_image(path), picture())


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "turned.png", Image.fromarray(picture()), exif=exif)
    info = scan_image(path)
    assert (info.orientation, info.needs_pillow, info.width, info.height) == (orientation, True, 60, 40)
    upright = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: np.rot90,
    }[orientation](picture())
    np.testing.assert_array_equal(decode_image(path), upright)


def test_a_rotated_jpeg_and_a_damaged_exif_block(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = save(tmp_path / "turned.jpg", Image.fromarray(picture()), exif=exif)
    assert scan_image(turned).needs_pillow
    assert decode_image(turned).shape == (60, 40, 3)
    broken = save(tmp_path / "broken.jpg", Image.fromarray(picture()), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert scan_image(broken).orientation == 1


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (255, 0, 0, 255)
    pixels[2] = (0, 0, 0, 128)
    decoded = decode_image(save(tmp_path / "a.png", Image.fromarray(pixels, "RGBA")))
    assert decoded[0, 0].tolist() == [255, 0, 0]
    assert abs(int(decoded[2, 0, 0]) - 127) <= 1
    assert decoded[3, 0].tolist() == [255, 255, 255]
    grey = Image.fromarray(np.full((2, 2, 2), (0, 0), np.uint8), "LA")
    assert decode_image(save(tmp_path / "b.png", grey)).min() == 255


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    path = save(tmp_path / "deep.png", Image.fromarray(values))
    assert scan_image(path).needs_pillow
    assert decode_image(path)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_thirty_two_bits_have_no_known_range(tmp_path: Path) -> None:
    path = save(tmp_path / "float.tif", Image.fromarray(np.full((3, 3), 0.5, np.float32)))
    assert "32-bit" in reason_of(path)
    with pytest.raises(DataError, match="32-bit"):
        decode_image(path)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert scan_image(path).needs_pillow
    assert decode_image(path)[0, 0].tolist() == [255, 0, 0]
    moving = save(tmp_path / "a.png", frames[0], save_all=True, append_images=frames[1:])
    assert scan_image(moving).needs_pillow


def test_one_pixel(tmp_path: Path) -> None:
    for ending in ("jpg", "png"):
        path = save(tmp_path / f"one.{ending}", Image.new("RGB", (1, 1), "white"))
        assert scan_image(path).width == 1
        assert decode_image(path).tolist() == [[[255, 255, 255]]]


def png_header(width: int, height: int) -> bytes:
    """A whole PNG by its header, with no pixels: what a decompression bomb looks like."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND\xaeB`\x82"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # Pillow's own, lower limit
@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (60_000, 60_000)])
def test_more_than_a_hundred_megapixels(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_header(width, height))
    assert "limit of 100 megapixels: scale it down" in reason_of(path)
    with pytest.raises(DataError, match="100 megapixels"):
        decode_image(path)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "bmp", "tif"])
def test_a_cut_file_is_found(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / f"cut.{ending}", Image.fromarray(picture(200, 300)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason_of(path)
    with pytest.raises(DataError, match=f"cut.{ending}"):
        decode_image(path)


def test_a_jpeg_cut_near_its_end_is_found(tmp_path: Path) -> None:
    path = save(tmp_path / "cut.jpg", Image.fromarray(picture(200, 300)))
    path.write_bytes(path.read_bytes()[:-400])
    assert reason_of(path) == "is cut short: its data ends before the picture does"


def test_a_jpeg_whose_end_was_never_written_is_found(tmp_path: Path) -> None:
    """Decoders read zeros as pixels: without this a picture half of grey would pass."""
    path = tmp_path / "zeroed.jpg"
    exif = Image.Exif()
    exif[0x010E] = "with an end mark in front: \xff\xd9"
    Image.fromarray(picture(200, 300)).save(path, quality=50, optimize=True, exif=exif)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    assert reason_of(path) == "is cut short: its end is filled with zeros"
    path.write_bytes(whole + bytes(500))
    assert isinstance(scan_image(path), ImageInfo)


def test_a_jpeg_without_its_end_mark_goes_to_pillow(tmp_path: Path) -> None:
    path = save(tmp_path / "trailing.jpg", Image.fromarray(picture()))
    path.write_bytes(path.read_bytes() + b"\x00\x00camera")
    assert scan_image(path).needs_pillow


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"notes on birds\n", "is not a picture (text)"),
        ("Vögel ".encode() * 500, "is not a picture (text)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"  <!DOCTYPE html><html>404</html>", "web page"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "film"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"PK\x03\x04abcdef", "ZIP"),
        (b"\x00" * 100, "nothing but zero"),
        (bytes(range(128, 256)), "not a picture in a format"),
    ],
)
def test_what_is_no_picture_is_named_for_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert words in reason_of(path)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reason_of(tmp_path / "missing.jpg") == "does not exist"
    (tmp_path / "link.jpg").symlink_to(tmp_path / "missing.jpg")
    assert reason_of(tmp_path / "link.jpg") == "is a link to a file that is not there"
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason_of(tmp_path / "pipe.jpg") == "is not a regular file"
    assert reason_of(tmp_path / "nul\x00.jpg") == "has a name that no file can have"
    good = save(tmp_path / "large.png", Image.fromarray(picture()))
    monkeypatch.setattr(image_files, "MAX_FILE_BYTES", 10)
    assert "too large" in reason_of(good)


def test_a_scan_keeps_the_order_and_tells_how_far_it_is(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{index}.png", Image.new("RGB", (index + 1, 2))) for index in range(20)]
    (tmp_path / "7.png").write_bytes(b"no picture")
    calls: list[tuple[str, int, int]] = []
    found = scan_images(paths, lambda *call: calls.append(call))
    assert [entry.path for entry in found] == [str(path) for path in paths]
    assert [isinstance(entry, BadFile) for entry in found].index(True) == 7
    assert calls[-1][1:] == (20, 20)


def test_every_bad_file_is_named_up_to_twenty(tmp_path: Path) -> None:
    for index in range(25):
        (tmp_path / f"{index:02d}.jpg").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        needs_pillow(sorted(tmp_path.iterdir()))
    assert "25 of 25" in caught.value.message
    assert caught.value.message.count("is empty") == 20
    assert "… and 5 more" in caught.value.message
    assert "bad_files: skip" in caught.value.advice


def test_pillow_limit_is_left_alone(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    scan_image(save(tmp_path / "a.png", Image.fromarray(picture())))
    assert before == Image.MAX_IMAGE_PIXELS


def test_bytes_are_scanned_like_a_file() -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "PNG")
    info = image_files.scan_bytes(buffer.getvalue(), "train/000001")
    assert isinstance(info, ImageInfo)
    assert (info.path, info.width) == ("train/000001", 60)
    assert image_files.scan_bytes(b"", "x") == BadFile("x", "is empty (0 bytes)")
