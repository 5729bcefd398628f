"""Models: backbones, their blocks, heads and freezing."""
