"""What a file that is no picture really is, told from its first bytes: the commonest mix-ups by name."""

from __future__ import annotations

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_SIGNATURES = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the picture itself: run `git lfs pull`"),
    (b"PK\x03\x04", "is a ZIP archive (or an office document), not a picture"),
    (b"\x1f\x8b", "is a gzip archive, not a picture"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive, not a picture"),
    (b"Rar!", "is a RAR archive, not a picture"),
    (b"%PDF", "is a PDF document, not a picture"),
    (b"%!PS", "is a PostScript file, which is not read: convert it to PNG"),
    (b"RIFF", "is a damaged WebP picture, a sound or a film, not a picture that can be read"),
    (b"\x1aE\xdf\xa3", "is a film (Matroska or WebM), not a picture"),
)
_PICTURES = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")


def what_it_is(data: bytes) -> str:
    """A reason that follows the path in a sentence; empty where the bytes look like a picture after all."""
    for signature, reason in _SIGNATURES:
        if data.startswith(signature):
            return reason
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIF_BRANDS:
            return "is a HEIC picture, which is not read: convert it to JPEG"
        return "" if data[8:12] in (b"avif", b"avis") else "is a film (MP4 or QuickTime), not a picture"
    if data.startswith(_PICTURES):
        return ""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml")):
        return "is an SVG drawing or other XML, not a picture of pixels"
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "is a web page (HTML) saved in a picture's place: download it again"
    if not data.strip(b"\x00"):
        return "holds nothing but zero bytes"
    return "is not a picture (text)" if _is_text(data[:2048]) else "is not a picture in a format that can be read"


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(data) - 4  # the excerpt may end in the middle of a character
    return True
