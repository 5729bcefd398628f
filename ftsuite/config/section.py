"""What all sections of a config have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of all sections of a config."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
