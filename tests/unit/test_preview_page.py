"""The page and the sheet of a preview, and what it makes visible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ftsuite.config import Config
from ftsuite.errors import ConfigError, ResourceError
from ftsuite.report.preview_content import Preview, PreviewExample, PreviewView, Token, class_shares_of
from ftsuite.runs.preview_file import require_writable, write_preview
from ftsuite.runs.preview_views import picture_views, text_views

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
CLASSES = ("cat", "<b>dog</b>", "owl")


def pictures() -> Preview:
    views = (
        PreviewView("not augmented", (("<b>dog</b>", 1.0),), PIXELS),
        PreviewView("epoch 1", class_shares_of(np.array([0.3, 0.7, 0.0]), CLASSES), PIXELS),
    )
    return Preview(
        "job", "train", (PreviewExample("a/<i>.jpg", "<b>dog</b>", views),) * 3, {"Classes": "3"}, ("Note!",)
    )


def texts() -> Preview:
    row = (Token("[CLS]", True), Token("good"), Token("##ly"), Token("[SEP]", True))
    view = PreviewView("not augmented", (("cat", 1.0),), windows=(row, row), padding_share=0.25, is_truncated=True)
    return Preview("job", "test", (PreviewExample("7", "cat", (view,)),), {})


def test_the_page_holds_all_and_runs_nothing(tmp_path: Path) -> None:
    write_preview(tmp_path / "page.html", pictures())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 6
    assert "70 % &lt;b&gt;dog&lt;/b&gt;" in page and "30 % cat" in page
    assert "<b>dog</b>" not in page and "a/<i>.jpg" not in page
    assert "Note!" in page and "<script" not in page and 'src="http' not in page
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_page_of_texts_shows_tokens_windows_and_cuts(tmp_path: Path) -> None:
    write_preview(tmp_path / "page.html", texts())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for part in ("##ly", "window 2", "the rest is not seen", "25 % padding", "8 tokens", "choose nothing by them"):
        assert part in page
    with pytest.raises(ConfigError, match="shows pictures"):
        write_preview(tmp_path / "page.png", texts())


def test_the_sheet_is_a_png_with_every_picture(tmp_path: Path) -> None:
    write_preview(tmp_path / "sheet.PNG", pictures())
    sheet = np.asarray(PIL.Image.open(tmp_path / "sheet.PNG"))
    assert sheet.shape[1] <= 1300
    # Noise has many colours; six pictures of 112 pixels fill that much of the sheet.
    coloured = (np.ptp(sheet.astype(int), axis=-1) > 30).mean()
    assert coloured > 0.5 * 6 * 112 * 112 / (sheet.shape[0] * sheet.shape[1])


def test_json_holds_shares_and_tokens() -> None:
    assert pictures().plain()["examples"][0]["views"][1]["shares"] == {"<b>dog</b>": 0.7, "cat": 0.3}
    assert texts().plain()["examples"][0]["views"][0]["tokens"][1] == ["[CLS]", "good", "##ly", "[SEP]"]


def test_normalised_features_are_made_visible_and_overshoot_is_not() -> None:
    usual = np.full((2, 4, 4, 3), 100.0, np.float32)
    usual[0, 0, 0] = -12.0
    views, said = picture_views(usual, ["a", "b"])
    assert said == ""
    assert views[0].pixels is not None
    assert views[0].pixels[0, 0, 0] == 0 and views[1].pixels is not None and (views[1].pixels == 100).all()
    views, said = picture_views({"image": usual / 127.5 - 1.0}, ["a", "b"])
    assert "stretched" in said
    assert views[0].pixels is not None and views[0].pixels.max() == 255
    with pytest.raises(ConfigError, match=r"\(2, 7\)"):
        picture_views({"numbers": np.zeros((2, 7))}, ["a", "b"])


def test_tokens_are_what_the_mask_leaves() -> None:
    class Words:
        special_ids = (0, 1)

        def pieces(self) -> list[str]:
            return ["[CLS]", "[PAD]", "good", "bad"]

    ids = np.array([[[0, 2, 1], [1, 1, 1]], [[0, 3, 3], [0, 2, 2]]])
    features = {"token_ids": ids, "padding_mask": ids != 1, "truncated": np.array([False, True])}
    first, second = text_views(features, ["x", "y"], Words())  # type: ignore[arg-type]
    assert first.windows == ((Token("[CLS]", True), Token("good")),)
    assert [len(window) for window in second.windows] == [3, 3]
    assert first.padding_share == pytest.approx(4 / 6)
    assert second.is_truncated
    with pytest.raises(ConfigError, match="rows of tokens"):
        text_views({"other": ids}, ["x", "y"], Words())  # type: ignore[arg-type]


def test_an_unwritable_place_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "photos" / "jay").mkdir(parents=True)
    config = _config(f"folder:{tmp_path / 'photos'}")
    with pytest.raises(ResourceError, match="cannot be written"):
        require_writable(tmp_path / "file" / "page.html", config, chosen=True)
    require_writable(tmp_path / "new" / "page.html", config, chosen=True)
    assert (tmp_path / "new").is_dir()


def test_nothing_of_the_user_is_written_over(tmp_path: Path) -> None:
    picture = tmp_path / "photos" / "jay" / "mine.png"
    picture.parent.mkdir(parents=True)
    (tmp_path / "mine.png").write_bytes(b"x")
    config = _config(f"folder:{tmp_path / 'photos'}")
    for path in (picture, tmp_path / "photos" / "sheet.png"):
        with pytest.raises(ConfigError, match="a place outside the data"):
            require_writable(path, config, chosen=True)
    with pytest.raises(ConfigError, match="not there yet"):
        require_writable(tmp_path / "mine.png", config, chosen=True)
    require_writable(tmp_path / "mine.png", config, chosen=False)


def _config(source: str) -> Config:
    return Config.model_validate({"task": "t", "data": {"source": source}, "backbone": {"name": "x"}})
