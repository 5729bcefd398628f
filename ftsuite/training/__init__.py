"""Training: the plan made concrete, the loop, checkpoints and the journal."""
