"""Loss scaling for float16, whose smallest numbers are larger than many gradients.

After Micikevicius et al., 2018, section 3.2, https://arxiv.org/abs/1710.03740. Keras' ``LossScaleOptimizer`` is not
used: it skips single batches, and a cycle of accumulated gradients would then lose its beginning or its end; it makes
its scale anew with each ``compile``, and no checkpoint would hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from ftsuite.optim.accumulation import run_if
from ftsuite.optim.schedules import StageSchedule

_FIRST_SCALE, _LEAST_SCALE, _LARGEST_SCALE = 2.0**15, 1.0, 2.0**24
_UPDATES_BEFORE_GROWTH = 2000


class LossScale:
    """Mix-in before an optimizer with `PerVariableRates`: multiplies the loss, and divides what an update is made of.

    Where a mean gradient of a cycle is not finite, the cycle makes no update: neither weights nor moments, averages or
    counts of updates change, and the scale is halved. After 2000 updates without such a cycle it is doubled. It
    changes at the end of cycles only, so all gradients of one sum were scaled alike. Batches are counted all the same,
    because schedules and stages go by them.

    The scale is among the optimizer's variables, and so in every checkpoint.
    """

    def build(self, variables: Sequence[Any], head: Sequence[Any] = ()) -> None:
        """As `PerVariableRates.build`."""
        if getattr(self, "built", False):
            return
        super().build(variables, head)  # type: ignore[misc]
        add: Any = self.add_variable  # type: ignore[attr-defined]
        self._scale = add((), dtype="float32", initializer=keras.initializers.Constant(_FIRST_SCALE), name="loss_scale")
        self._sound_updates = add((), dtype="int", name="sound_updates")
        self._skipped_updates = add((), dtype="int", name="skipped_updates")

    @property
    def loss_scale(self) -> float:
        """The present factor of the loss."""
        return float(self._scale)

    @property
    def skipped_updates(self) -> int:
        """Updates that were not made, because a gradient was not finite."""
        return int(self._skipped_updates)

    def scale_loss(self, loss: Any) -> Any:
        """The loss whose gradients `apply` takes."""
        return loss * keras.ops.cast(self._scale, loss.dtype)

    def _update(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        ops = keras.ops
        scale = ops.convert_to_tensor(self._scale)
        means = [gradient / ops.cast(scale, gradient.dtype) for gradient in gradients]
        sound = ops.all(ops.stack([ops.all(ops.isfinite(mean)) for mean in means]))
        update = super()._update  # type: ignore[misc]
        run_if(sound, [*variables, *self.variables], lambda: update(means, variables))  # type: ignore[attr-defined]
        self._rescale(sound, scale)

    def _rescale(self, sound: Any, scale: Any) -> None:
        ops = keras.ops
        count = ops.convert_to_tensor(self._sound_updates) + 1
        grows = ops.equal(count, _UPDATES_BEFORE_GROWTH)
        grown = ops.minimum(ops.where(grows, scale * 2.0, scale), _LARGEST_SCALE)
        self._scale.assign(ops.where(sound, grown, ops.maximum(scale * 0.5, _LEAST_SCALE)))
        zero = ops.zeros_like(count)
        self._sound_updates.assign(ops.where(ops.logical_and(sound, ops.logical_not(grows)), count, zero))
        self._skipped_updates.assign_add(ops.where(sound, zero, ops.ones_like(count)))


def with_loss_scale(optimizer: Any) -> Any:
    """An optimizer like this one that scales the loss; neither is built.

    Args:
        optimizer: as `ftsuite.optim.optimizers.optimizer_of` gives it.
    """
    own = type(optimizer)
    scaled: Any = type(f"Scaled{own.__name__}", (LossScale, own), {"__doc__": LossScale.__doc__})
    return scaled(**{**optimizer.get_config(), "learning_rate": StageSchedule(1e-3, 1, 0, "constant")})
