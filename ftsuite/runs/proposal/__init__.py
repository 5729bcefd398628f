"""A config for data that have none yet, from a first look at them. Imports neither Keras nor TensorFlow."""

from __future__ import annotations

from ftsuite.runs.proposal.propose import Proposal, propose
from ftsuite.runs.proposal.sizes import Machine, this_machine

__all__ = ["Machine", "Proposal", "propose", "this_machine"]
