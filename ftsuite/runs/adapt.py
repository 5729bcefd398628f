"""Adapting the encoder to domain text before a classifier is trained, so that a stopped run goes on where it was."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftsuite.api import Progress
from ftsuite.data.masked_batches import MaskedBatches
from ftsuite.data.masking import Masking
from ftsuite.data.token_rows import TokenRows, token_counts, write_token_rows
from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.evaluation.perplexity import frequency_perplexity, pseudo_perplexity
from ftsuite.models.masked_language_head import masked_language_model
from ftsuite.models.text_backbones import load_text_backbone
from ftsuite.models.text_encoder import TextEncoder
from ftsuite.models.text_folder import save_text_backbone
from ftsuite.runs import folder as folders
from ftsuite.runs.adaptation_texts import Selection, adaptation_texts, text_backbone_of, too_few
from ftsuite.runs.out_of_memory import memory_told, no_memory_to_adapt
from ftsuite.training.checkpoints import latest_checkpoint
from ftsuite.training.journal import Journal
from ftsuite.training.loop import Trainer
from ftsuite.training.masked_language import (
    ADAPT_PHASE,
    HEAD_PHASE,
    MaskedLanguageJudge,
    MaskedTokenScorer,
    PhaseJournal,
    masked_language_workload,
)
from ftsuite.training.plan import all_blocks
from ftsuite.training.precision import in_float32

if TYPE_CHECKING:
    from ftsuite.data.text_options import Adaptation
    from ftsuite.runs.prepare import Prepared

# Below the run's checkpoints.
PHASE_FOLDERS = {HEAD_PHASE: "masked-head", ADAPT_PHASE: "adapt"}
_TOKENS = "tokens"
_BEFORE = "before.json"
_TEXTS = "texts.json"

_HEAD_EPOCHS = 2
# Rows that an epoch is judged by, and rows that go through the model together when nothing is learnt.
_JUDGED_ROWS = 64
_SCORED_ROWS = 32
# One start and one end token around every row.
_SPECIAL_TOKENS = 2


def adapt(
    prepared: Prepared, folder: Path, journal: Journal, resume: bool, progress: Progress | None
) -> dict[str, Any] | None:
    """Adapt the encoder of a job by masked-language modelling, where its task asks for it.

    First the masked-language head alone learns on general text, because a pretrained encoder mostly comes without
    one and an untrained head would make any adapting look good; then everything learns on domain text.

    Args:
        prepared: the job; the weights of its backbone are the adapted ones afterwards.
        folder: of the run: gets ``encoder`` and ``adaptation.json``.
        journal: of the run.
        resume: go on from what the folder holds. A finished adaptation in it is taken up in any case.
        progress: told how loading goes on.

    Returns:
        ``adaptation`` of ``metrics.json``: pseudo-perplexity of held-out ``domain`` and ``general`` text, each
        ``before`` and ``after``; the relative ``change`` of the domain's; ``frequencies_alone``, the domain's where one
        guesses by how often each token stands in the domain, and nothing else; and ``notes``. None where nothing is
        adapted.

    Raises:
        ConfigError: for a backbone without a mask token, or a source that does not exist.
        DataError: if there are too few texts.
        DivergedError: if a loss is not finite.
        ResourceError: if memory runs out; the batches here are those of ``options.adapt``.
    """
    wanted = prepared.task.adaptation()
    if wanted is None:
        return None
    # Dropout of the encoder must begin classifying in the same state, whether adapting went on just before or not.
    states = [(v, np.asarray(v)) for v in prepared.backbone.model.variables if "seed_generator" in v.path]
    if (folder / folders.ADAPTATION).is_file():
        return _take_up(prepared, folder, journal, resume)
    with memory_told(functools.partial(no_memory_to_adapt, wanted.batch_size, wanted.max_length)):
        figures = _Adaptation(prepared, wanted, folder, journal, progress, resume).run(resume)
    for variable, value in states:
        variable.assign(value)
    return figures


def _take_up(prepared: Prepared, folder: Path, journal: Journal, resume: bool) -> dict[str, Any]:
    """Go on behind a finished adaptation; a run that begins anew behind it has cut its journal already."""
    record = folders.read_json(folder / folders.ADAPTATION)
    if not (folder / folders.ENCODER).is_dir():
        raise ArtifactError(
            f"The adapted encoder {folder / folders.ENCODER} must be there, as {folders.ADAPTATION} says. "
            "Received: no such folder.",
            f"Bring it back, or remove {folders.ADAPTATION} to adapt again.",
        )
    adapted = load_text_backbone(str(folder / folders.ENCODER), pretrained=True)
    prepared.backbone.model.set_weights(adapted.model.get_weights())
    if resume and latest_checkpoint(folder / folders.CHECKPOINTS) is None:
        journal.cut(record["journal_bytes"])
    return dict(record["figures"])


@dataclass(frozen=True)
class _Rows:
    """The rows of the four sets of texts."""

    domain: TokenRows
    held_out_domain: TokenRows
    general: TokenRows
    held_out_general: TokenRows
    notes: tuple[str, ...]


class _Adaptation:
    """One adaptation of one job."""

    def __init__(
        self,
        prepared: Prepared,
        wanted: Adaptation,
        folder: Path,
        journal: Journal,
        progress: Progress | None,
        resume: bool,
    ) -> None:
        self.prepared = prepared
        self.wanted = wanted
        self.folder = folder
        self.journal = journal
        self.backbone = backbone = text_backbone_of(prepared)
        self.masking = Masking.of(backbone.tokenizer, wanted.mask_share)
        clean_html = getattr(prepared.task.options, "clean_html", True)
        longest = min(wanted.max_length, backbone.max_length)
        self.encoder = TextEncoder(backbone.tokenizer, longest, clean_html=clean_html)
        self.rows = self._tokenise(progress, resume)
        self.model = masked_language_model(backbone)
        self.scorer = MaskedTokenScorer(self.model)
        self.blocks = all_blocks(self.model, backbone.blocks)

    def run(self, resume: bool) -> dict[str, Any]:
        """Both phases, measured before and after the second."""
        begun = resume and latest_checkpoint(self._checkpoints(ADAPT_PHASE)) is not None
        if not begun:
            self._train_head(resume)
            self._measure_before()
        before = folders.read_json(self._checkpoints(ADAPT_PHASE) / _BEFORE)
        self._train(ADAPT_PHASE, self.rows.domain, self.rows.held_out_domain, resume)
        after = self._measure(ADAPT_PHASE)
        return self._finish(before, after)

    def _train_head(self, resume: bool) -> None:
        self._train(HEAD_PHASE, self.rows.general, self.rows.held_out_general, resume)

    def _measure_before(self) -> None:
        """Kept on the disk as well, because the second phase moves the weights that it is measured on."""
        figures = self._measure(HEAD_PHASE)
        path = self._checkpoints(ADAPT_PHASE) / _BEFORE
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.write_json(path, figures)

    def _train(self, phase: str, rows: TokenRows, held_out: TokenRows, resume: bool) -> None:
        wanted, of_head = self.wanted, phase == HEAD_PHASE
        workload = masked_language_workload(
            self.model,
            self.blocks,
            phase,
            batches=self._batches(rows, phase, wanted.batch_size, None if of_head else wanted.sequences),
            judge=MaskedLanguageJudge(
                self.scorer, list(self._batches(held_out, phase, _SCORED_ROWS).masked_once(_JUDGED_ROWS))
            ),
            epochs=_HEAD_EPOCHS if of_head else wanted.epochs,
            learning_rate=wanted.head_learning_rate if of_head else wanted.learning_rate,
            optimizer=self.prepared.new_optimizer(adapting=True),
            finetune=self.prepared.config.finetune,
        )
        Trainer(workload, PhaseJournal(self.journal, phase), self._checkpoints(phase)).run(resume)

    def _measure(self, phase: str) -> dict[str, Any]:
        """Pseudo-perplexity of both kinds of held-out text under the present weights."""
        evaluation = self.prepared.config.evaluation
        figures = {
            name: pseudo_perplexity(
                self.scorer,
                self._batches(rows, phase, _SCORED_ROWS).each_word_once(),
                confidence=evaluation.confidence,
                bootstrap_samples=evaluation.bootstrap_samples,
                seed=self.prepared.config.seed,
            )
            for name, rows in (("domain", self.rows.held_out_domain), ("general", self.rows.held_out_general))
        }
        PhaseJournal(self.journal, phase).write("pseudo_perplexity", **figures)
        return figures

    def _finish(self, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        """Save the encoder, and last the record that says that it is there."""
        figures = {
            **{name: {"before": before[name], "after": after[name]} for name in ("domain", "general")},
            "change": round(after["domain"]["value"] / before["domain"]["value"] - 1.0, 6),
            "frequencies_alone": self._frequencies_alone(),
            "notes": [*self.rows.notes, *self._length_notes()],
        }
        with in_float32(self.backbone.model):
            save_text_backbone(self.backbone, self.folder / folders.ENCODER)
        self.journal.write("adapted", **figures)
        record = {"format": 1, "figures": figures, "journal_bytes": self.journal.length_bytes}
        folders.write_json(self.folder / folders.ADAPTATION, record)
        shutil.rmtree(self._checkpoints(HEAD_PHASE), ignore_errors=True)
        shutil.rmtree(self._tokens_folder, ignore_errors=True)
        return figures

    def _length_notes(self) -> list[str]:
        wanted, used = self.wanted.max_length, self.encoder.max_length
        if used == wanted:
            return []
        return [f"Sequences have {used} tokens, the most that the backbone takes, and not {wanted}."]

    def _frequencies_alone(self) -> dict[str, Any]:
        """How much of the fall a count of the domain's tokens would give: what is below it, the context gave."""
        rows, evaluation = self.rows.held_out_domain, self.prepared.config.evaluation
        vocabulary = len(self.masking.maskable)
        return frequency_perplexity(
            token_counts(self.rows.domain, vocabulary) * self.masking.maskable,
            [row[self.masking.maskable[row]] for row in map(rows.__getitem__, range(len(rows)))],
            rows.texts,
            confidence=evaluation.confidence,
            bootstrap_samples=evaluation.bootstrap_samples,
            seed=self.prepared.config.seed,
        )

    def _tokenise(self, progress: Progress | None, resume: bool) -> _Rows:
        wanted = self.wanted
        texts = adaptation_texts(self.prepared, wanted, progress)
        self._tokens_folder.mkdir(parents=True, exist_ok=True)
        self._require_same_texts(texts.digest, resume)
        most = None if wanted.sequences is None else wanted.sequences * wanted.epochs
        rows = _Rows(
            self._write("domain", texts.domain, most_rows=most, shuffled=True),
            self._write("held-out-domain", texts.held_out_domain, first_only=True),
            self._write("general", texts.general, most_rows=wanted.head_sequences),
            self._write("held-out-general", texts.held_out_general, first_only=True),
            texts.notes,
        )
        for name in ("domain", "held_out_domain", "general", "held_out_general"):
            if len(getattr(rows, name)) == 0:
                raise too_few(name, wanted)
        return rows

    def _require_same_texts(self, digest: str, resume: bool) -> None:
        """Refuse to resume on other texts: the result would be that of neither."""
        path = self._tokens_folder / _TEXTS
        if resume and path.exists() and folders.read_json(path)["sha256"] != digest:
            raise ConfigError(
                "--resume needs the texts of options.adapt that the run began with. Received: others, in "
                f"{self.wanted.source or 'the training split'} or {self.wanted.general}.",
                "Bring them back to what they were, or start a new run.",
            )
        folders.write_json(path, {"sha256": digest})

    def _write(
        self,
        name: str,
        selection: Selection,
        *,
        most_rows: int | None = None,
        first_only: bool = False,
        shuffled: bool = False,
    ) -> TokenRows:
        positions = selection.positions
        if shuffled:
            positions = np.random.default_rng([self.prepared.config.seed, 0xD0]).permutation(positions)
        return write_token_rows(
            self._tokens_folder / name,
            selection.texts,
            self.encoder.tokens,
            self.encoder.max_length - _SPECIAL_TOKENS,
            order=positions,
            most_rows=most_rows,
            first_only=first_only,
        )

    def _batches(self, rows: TokenRows, phase: str, batch_size: int, most_rows: int | None = None) -> MaskedBatches:
        seed = [self.prepared.config.seed, list(PHASE_FOLDERS).index(phase), 0x31]
        number = int(np.random.SeedSequence(seed).generate_state(1)[0])
        return MaskedBatches(rows, self.masking, self.encoder, 1, batch_size, number, most_rows)

    def _checkpoints(self, phase: str) -> Path:
        return self.folder / folders.CHECKPOINTS / PHASE_FOLDERS[phase]

    @property
    def _tokens_folder(self) -> Path:
        return self.folder / folders.CHECKPOINTS / _TOKENS
