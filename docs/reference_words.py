"""What the generated reference says of each file, event, figure and variable, beside what it reads out of the code.

A name that the code has and that is missing here stops `docs/build_reference.py`, and so does one that is here alone.
"""

from __future__ import annotations

RUN_FILES = {
    "CONFIG": "Repeats the run by itself: `ftsuite run` on this file.",
    "ENVIRONMENT": "Versions, devices, seed, precision, hashes of weights and data, notes, and the command.",
    "SPLIT": "Every example's id, sha256 and split, and what tells two splits apart; see [splits](../splits.md).",
    "JOURNAL": "One line an event, as below.",
    "METRICS": "The [figures](figures.md) of the test and of validation, a line a stage, and what it is compared with.",
    "MODEL": "The Keras model, with preprocessing and class names inside; see [From Python](python.md).",
    "PREDICTIONS": "A row an example of validation and test: what it is, what was said, with which probabilities.",
    "REPORT": "The report, one file that needs no other; see [how to read it](../how-to/read-a-report.md).",
    "LOG": "All that was said, TensorFlow's own messages among it.",
    "LOCK": "There while a process works in the folder, so that two never do.",
    "CHECKPOINTS": "What a stopped run goes on from; removed when the run is finished.",
    "SHOWCASE": "A few sentences or pictures before and after training, for the report.",
    "ENCODER": "The adapted text encoder of `domain-text`, which later runs can take by `--backbone`.",
    "ADAPTATION": "What adapting that encoder changed.",
    "FOLDS": "In the folder of a cross-validation: the figures of each fold, their mean, and the pooled ones.",
}

EVENTS = {
    "run_started": "The config's name, the task, and how many examples each split has.",
    "batch_size": "What `data.batch_size: auto` found.",
    "out_of_memory": "Memory ran out; the run began once more in smaller batches.",
    "stage_started": "What the stage trains: blocks, parameters, epochs, steps, learning rate.",
    "cached": "Frozen blocks are computed once in this stage: how many rows, how large, where.",
    "not_cached": "Why they are computed anew in every epoch.",
    "epoch": "Loss and figures of training and validation, seconds, examples a second, "
    "`input_wait_share`, and whether it is the best so far.",
    "stage_ended": "For each block, whether its weights moved and whether they should have.",
    "doubt": "A first stage that learned nothing, with its likely causes.",
    "adapters_merged": "LoRA's changes were added to the weights.",
    "batch_norm_recalibrated": "From how many batches BatchNorm's statistics were measured anew.",
    "interpolated": "WiSE-FT: which model between start and end was kept, and how it validated.",
    "pseudo_perplexity": "Of field and general texts, before or after adapting.",
    "adapted": "What adapting the encoder changed.",
    "evaluated": "The test figures.",
    "interrupted": "The user stopped the run.",
    "diverged": "The loss was lost: stage, epoch, step, and the examples of the batch.",
    "run_ended": "Seconds, peak memory, and the headline figure.",
}

# Meaning, and how its interval is made.
FIGURES = {
    "accuracy": ("The share of examples whose most probable class is theirs.", "Wilson's score interval"),
    "macro_f1": (
        "The mean of F1 over the classes that have a test example (`classes` says how many).",
        "symmetric bootstrap over examples",
    ),
    "top_5_accuracy": (
        "The share of examples whose class is among the five most probable; above five classes only.",
        "Wilson's score interval",
    ),
    "log_loss": (
        "The mean of -ln p of the true class, with p clipped at 1e-7; lower is better.",
        "BCa bootstrap over examples",
    ),
    "expected_calibration_error": (
        "How far the highest probability and accuracy lie apart, over 15 bins of equal width; lower is better.",
        "symmetric bootstrap over examples, down to 0 where a calibrated model could show the same",
    ),
    "precision": ("Of the examples taken for the class, the share that are of it.", "Wilson's score interval"),
    "recall": ("Of the examples of the class, the share taken for it.", "Wilson's score interval"),
    "f1": ("The harmonic mean of precision and recall.", "Wilson's interval of the Jaccard index, carried over"),
}

# Default, and what it does.
VARIABLES = {
    "FTSUITE_HOME": ("the platform's cache folder", "Where downloads and kept activations, pictures and scans lie."),
    "FTSUITE_PLUGINS": ("all that are installed", "`none` keeps to the built-in tasks."),
    "FTSUITE_SCANS": ("not set", "`off` has every file of a folder read again, and nothing of it kept."),
    "FTSUITE_ACTIVATIONS_GIB": ("`10`", "The most GiB that kept activations of all runs may take on the disk."),
    "FTSUITE_PICTURES_GIB": ("`10`", "The most GiB that decoded pictures of all runs may take on the disk."),
}

# Of others, which ftsuite heeds.
OTHER_VARIABLES = {
    "KERAS_BACKEND": ("`tensorflow`", "`tensorflow` or `jax`; see [Run on JAX](../how-to/run-on-jax.md)."),
    "XLA_FLAGS": (
        "empty",
        "On JAX with a GPU `deterministic: true` needs `--xla_gpu_deterministic_ops=true` in it.",
    ),
    "NO_COLOR": ("not set", "Error messages without colours."),
    "COLUMNS": ("the terminal's width", "How wide tables are."),
    "TMPDIR": ("`/tmp`", "Where large temporary files of audits and streamed texts go."),
    "PIP_…": ("pip's own settings", "Downloads of the catalogue go by them: index, proxy, certificates, timeout."),
}
