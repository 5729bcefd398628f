"""The closer look at two pictures: lay one on the other as well as can be and compare what is fine in them."""

from __future__ import annotations

import cv2
import numpy as np

from ftsuite.data.audit.picture_candidates import Candidate

_STEPS = 40
_PRECISION = 1e-3
_SMOOTHING_PIXELS = 3
# A few crops in a thousand are laid wrongly: by their fine detail, or since the window was seen in the wrong one of the
# two; and what is laid on is to be the one with more detail, the crop. Pictures that look much alike get another try
# with more smoothing, and the other way round.
_MORE_SMOOTHING_PIXELS = 9
_SURE = 0.9
_WORTH_ANOTHER_TRY = 0.8
# Detail is what is left without the picture smoothed over so many pixels of the thumbnail.
_DETAIL_PIXELS = 2.0
# Grey levels: with less detail in both there is nothing to compare but noise.
_LEAST_DETAIL_LEVELS = 0.5
# A near duplicate shows at least so much of the other picture, at a scale within a factor of about 1.6.
_LEAST_COVER = 0.5
_AREA_SCALES = (0.4, 2.5)


def likeness(candidate: Candidate, thumbnails: np.ndarray) -> float:
    """How well two pictures agree when one is laid on the other.

    The affine map between them is found by maximising the enhanced correlation coefficient (Evangelidis and Psarakis,
    "Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization", 2008,
    https://doi.org/10.1109/TPAMI.2008.113), beginning at the window in which they looked alike. The likeness is the
    correlation of their detail where they overlap: two photos of one bird on one branch agree in light and dark but not
    in detail, and a copy does in both, whatever its brightness and contrast.

    Args:
        candidate: a pair with its window.
        thumbnails: ``(n, size, size)`` uint8.

    Returns:
        -1 to 1; 0 where no map is found, where they overlap by less than half, or where there is no detail.
    """
    windowed = thumbnails[candidate.windowed].astype(np.float32)
    whole = thumbnails[candidate.whole].astype(np.float32)
    if candidate.mirror:
        whole = np.ascontiguousarray(whole[:, ::-1])
    start = _start(candidate, len(whole))
    best = _agreement(windowed, whole, start, _SMOOTHING_PIXELS)
    if candidate.cosine >= _WORTH_ANOTHER_TRY:
        back = cv2.invertAffineTransform(start)
        same = np.eye(2, 3, dtype=np.float32)
        for laid, on, begin in ((windowed, whole, start), (whole, windowed, back), (whole, windowed, same)):
            if best >= _SURE:
                break
            best = max(best, _agreement(laid, on, begin, _MORE_SMOOTHING_PIXELS))
    return best


def _agreement(windowed: np.ndarray, whole: np.ndarray, start: np.ndarray, smoothing: int) -> float:
    try:
        _, found = cv2.findTransformECC(
            whole,
            windowed,
            start.copy(),
            cv2.MOTION_AFFINE,
            (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _PRECISION),
            None,
            smoothing,
        )
    except cv2.error:  # the two do not correlate at all
        return 0.0
    area = abs(float(np.linalg.det(found[:, :2])))
    if not _AREA_SCALES[0] <= area <= _AREA_SCALES[1]:
        return 0.0
    laid, inside = (_warped(picture, found) for picture in (windowed, np.ones_like(windowed)))
    overlap = inside > 0.99
    if overlap.mean() < _LEAST_COVER:
        return 0.0
    return _correlation(_detail(laid)[overlap], _detail(whole)[overlap])


def _start(candidate: Candidate, size: int) -> np.ndarray:
    """The map from pixels of the whole picture to pixels of the windowed one, ``(2, 3)`` float32."""
    window = candidate.window
    half = (window.side - 1) / 2
    return np.asarray(
        [[window.side, 0, window.left * size + half], [0, window.side, window.top * size + half]], dtype=np.float32
    )


def _warped(picture: np.ndarray, found: np.ndarray) -> np.ndarray:
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(picture, found, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _detail(picture: np.ndarray) -> np.ndarray:
    return picture - cv2.GaussianBlur(picture, (0, 0), _DETAIL_PIXELS)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if min(float(first.std()), float(second.std())) < _LEAST_DETAIL_LEVELS:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
