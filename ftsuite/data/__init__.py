"""Data: sources, splits, pictures and the tf.data pipeline."""
