"""Training pictures a batch at a time: decode, cut, resize, mirror and recolour in 8 bits.

The work is done by libjpeg-turbo and OpenCV, which let other Python threads run meanwhile; what Python itself does is a
few microseconds a picture. Everything random is a pure function of each picture's key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from ftsuite.data.batch_memory import BatchMemory
from ftsuite.data.colour_matrix import COLOUR_STREAM, sample_colours
from ftsuite.data.counter_random import uniforms
from ftsuite.data.crop_boxes import CROP_STREAM, sample_boxes, side_needed
from ftsuite.data.crop_decode import EncodedPicture, Picture, Scratch, open_picture, shrunk
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX
from ftsuite.data.image_options import Augmentation, Colour, CropResize, Flip
from ftsuite.data.kept_pictures import KeptPictures

MatrixOf = Callable[[Sequence[float]], np.ndarray]

FLIP_STREAM = 3
# Streams and blocks that are drawn for every batch: hardly a crop needs more attempts than these.
_STREAMS = np.array([(FLIP_STREAM, 0), (COLOUR_STREAM, 0), (CROP_STREAM, 0), (CROP_STREAM, 1)])


def fused_count(augment: Sequence[Augmentation]) -> int:
    """How many of the first augmentations are done here: none without a crop, and each kind once.

    The crop may stand anywhere, since it is always made first; a flip may follow a change of colours, which it does not
    alter. Turning hues is left to TensorFlow.
    """
    if not any(isinstance(item, CropResize) for item in augment):
        return 0
    seen: set[type] = set()
    for number, item in enumerate(augment):
        turns_hues = isinstance(item, Colour) and item.hue > 0
        if not isinstance(item, CropResize | Flip | Colour) or turns_hues or type(item) in seen:
            return number
        seen.add(type(item))
    return len(augment)


class TrainingPictures:
    """Makes training pictures.

    Args:
        size: height and width in pixels of what it gives.
        augment: the list that the config gives; the first `fused_count` of it, and the crop, are done here.
        kept: where decoded pictures are kept.
    """

    def __init__(self, size: int, augment: Sequence[Augmentation], kept: KeptPictures) -> None:
        self.size = size
        self._crop = next(item for item in augment if isinstance(item, CropResize))
        fused = augment[: fused_count(augment)]
        self._flip_share = next((item.probability for item in fused if isinstance(item, Flip)), 0.0)
        self._colour = next((item for item in fused if isinstance(item, Colour)), None)
        self._kept = kept
        self._batches = BatchMemory()
        self._decoded, self._resized, self._mirrored, self._recoloured = Scratch(), Scratch(), Scratch(), Scratch()
        self.needed = side_needed(size, self._crop)
        if kept.needed is None:
            kept.needed = self.needed
        # Pictures are small and batches are made side by side: threads within one would only get in their way.
        cv2.setNumThreads(1)

    def __call__(
        self,
        sources: Sequence[bytes],
        decoders: np.ndarray,
        keys: np.ndarray,
        contents: Sequence[bytes] | None = None,
    ) -> np.ndarray:
        """One batch ``(n, size, size, 3)`` uint8.

        Args:
            sources: ``(n,)`` paths in UTF-8, or names of pictures that the field guide draws.
            decoders: ``(n,)`` uint8 as `ftsuite.api.Examples.decoders`.
            keys: ``(n, 2)`` int32.
            contents: ``(n,)`` the bytes of each file, where they are at hand already.

        Raises:
            DataError: a picture cannot be read; names it.
        """
        pictures = [
            self.open(source.decode(), bool(decoders[number]), None if contents is None else contents[number])
            for number, source in enumerate(sources)
        ]
        return self.augmented(pictures, keys)

    def open(self, source: str, needs_pillow: bool, contents: bytes | None = None) -> Picture:
        """What crops of one picture are cut from, decoded or not."""
        if source.startswith(FIELD_GUIDE_PREFIX):
            return shrunk(self._kept.drawn(source), self.needed)
        found = self._kept.find(source, self.needed)
        if found is not None:
            return found
        picture = open_picture(source, needs_pillow, self.needed, contents)
        if not self._kept.has_room:
            return picture
        pixels = picture.decode() if isinstance(picture, EncodedPicture) else picture
        self._kept.offer(source, self.needed, pixels)
        return pixels

    def augmented(self, pictures: Sequence[Picture], keys: np.ndarray) -> np.ndarray:
        """Cut, resize, mirror and recolour pictures, decoded or not: ``(n, size, size, 3)`` uint8."""
        sizes = np.array([picture.shape[:2] for picture in pictures], np.int64).reshape(-1, 2)
        # All random numbers in one go: what that costs hardly depends on how many they are.
        streams = np.repeat(_STREAMS, len(pictures), axis=0)
        draws = uniforms(np.tile(keys, (len(_STREAMS), 1)), *streams.T).reshape(len(_STREAMS), -1, 4)
        boxes = sample_boxes(sizes, self._crop, keys, tuple(draws[2:])).tolist()
        flips = (draws[0, :, 0] < self._flip_share).tolist()
        colours = None if self._colour is None else sample_colours(self._colour, draws[1])
        batch = self._batches.of((len(pictures), self.size, self.size, 3))
        for number, (picture, (top, left, height, width)) in enumerate(zip(pictures, boxes, strict=True)):
            pixels = picture.decode(self._decoded) if isinstance(picture, EncodedPicture) else picture
            cut = pixels[top : top + height, left : left + width]
            self._finish(cut, batch[number], flips[number], None if colours is None else partial(colours.of, number))
        return batch

    def _finish(self, cut: np.ndarray, made: np.ndarray, flip: bool, matrix_of: MatrixOf | None) -> None:
        """Resize, mirror and recolour one cut into `made`, ``(size, size, 3)`` uint8."""
        cut = _halved(cut, self.size)
        # Mirroring and recolouring come where there are fewer pixels: before enlarging, or after shrinking.
        if cut.shape[0] * cut.shape[1] < self.size**2:
            self._resize(self._changed(cut, flip, matrix_of, None), made)
        elif flip or matrix_of is not None:
            resized = self._resized.of(made.nbytes).reshape(made.shape)
            self._resize(cut, resized)
            self._changed(resized, flip, matrix_of, made)
        else:
            self._resize(cut, made)

    def _changed(
        self, picture: np.ndarray, flip: bool, matrix_of: MatrixOf | None, made: np.ndarray | None
    ) -> np.ndarray:
        """The picture mirrored and recoloured, in `made` where that is given and there is anything to do."""
        if matrix_of is None:
            return cv2.flip(picture, 1, dst=made) if flip else picture
        # In one piece: OpenCV takes twice as long over rows that lie apart.
        if flip:
            picture = cv2.flip(picture, 1, dst=self._mirrored.of(picture.size).reshape(picture.shape))
        elif not picture.flags.c_contiguous:
            picture = cv2.copyTo(picture, None, self._mirrored.of(picture.size).reshape(picture.shape))
        recoloured = self._recoloured.of(picture.size).reshape(picture.shape) if made is None else made
        return cv2.transform(picture, matrix_of(cv2.mean(picture)), dst=recoloured)

    def _resize(self, cut: np.ndarray, made: np.ndarray) -> None:
        cv2.resize(cut, (self.size, self.size), dst=made, interpolation=cv2.INTER_LINEAR)


def _halved(cut: np.ndarray, size: int) -> np.ndarray:
    """Halve a cut, each pixel the mean of those it covers, until it is less than twice as large as `size`.

    From there linear interpolation leaves no pixel out: it takes in two of every row and column for each that it makes.
    """
    while max(cut.shape[:2]) >= 2 * size:
        # Halving both sides is several times faster than one of them, and costs the shorter one next to nothing.
        both = min(cut.shape[:2]) >= 1.5 * size
        down, across = (2 if both or side >= 2 * size else 1 for side in cut.shape[:2])
        height, width = cut.shape[0] // down, cut.shape[1] // across
        cut = cv2.resize(cut[: down * height, : across * width], (width, height), interpolation=cv2.INTER_AREA)
    return cut
