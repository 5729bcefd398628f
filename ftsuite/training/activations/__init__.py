"""Activations of frozen blocks: computed once, kept in memory or on the disk, and trained on."""
