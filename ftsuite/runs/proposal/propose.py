"""From a first look at data to the text of a config."""

from __future__ import annotations

from dataclasses import dataclass

from ftsuite.api import TaskSpec
from ftsuite.config.commented import Entry, commented_yaml
from ftsuite.data.looks import Look
from ftsuite.runs.proposal.data_entries import data_entries, is_uneven
from ftsuite.runs.proposal.inputs import Inputs, foreign_letters, picture_options, text_options
from ftsuite.runs.proposal.plans import Plan, finetune_entries, hours, plan_for
from ftsuite.runs.proposal.sizes import Cost, Machine, Sizes, cost_of, sizes_of
from ftsuite.runs.proposal.tasks import backbone_for, require_fit

_HOURS_SECONDS, _PART = 2 * 3600, 20_000


@dataclass(frozen=True)
class Proposal:
    """A config that is not written yet.

    Attributes:
        text: the YAML.
        task: its task.
        backbone: its backbone.
        plan: its plan, in a few words.
        inputs: what one input is like, in a few words.
        sizes: of the splits, about.
        cost: of an example; None where the backbone is not of the catalogue, or a GPU trains.
    """

    text: str
    task: str
    backbone: str
    plan: str
    inputs: str
    sizes: Sizes
    cost: Cost | None


@dataclass(frozen=True)
class Source:
    """How the config names its data.

    Attributes:
        text: the ``data.source``.
        why: about it; empty for nothing to say.
        command: the command that asked for the config.
        file: the config's file as a command names it.
    """

    text: str
    why: str
    command: str
    file: str


def propose(
    look: Look, source: Source, spec: TaskSpec, why: str, machine: Machine, backbone: str | None = None
) -> Proposal:
    """Choose, and write down why.

    Args:
        look: at the data.
        source: how they are named.
        spec: of the task.
        why: this task.
        machine: that trains.
        backbone: that is asked for; None for the one that fits.

    Raises:
        ConfigError: a task of the other modality.
    """
    require_fit(spec, look)
    sizes = sizes_of(look)
    name, reason = (backbone, "as asked for") if backbone is not None else backbone_for(look, sizes, machine)
    is_image = look.modality == "image"
    inputs = picture_options(look, name, sizes.train) if is_image else text_options(look)
    options = tuple(entry for entry in inputs.entries if entry.key in spec.options.model_fields)
    cost = cost_of(look.modality, inputs.size, machine)
    plan = plan_for(look, sizes, cost, machine)
    foreign = "" if is_image or backbone is not None else foreign_letters(look.texts)
    entries = [
        Entry("summary", _summary(look)),
        Entry("task", spec.name, why),
        Entry("seed", 0),
        Entry("data", (*data_entries(look, sizes, source.text, source.why, machine), *_sample(sizes, cost, machine))),
        Entry("backbone", (Entry("name", name, "; ".join(filter(None, (reason, foreign)))),)),
        Entry("head", (Entry("dropout", 0.2 if is_image else 0.1),)),
        *([Entry("options", options)] if options else []),
        Entry("finetune", finetune_entries(look, sizes, plan)),
        *_evaluation(look),
    ]
    known = backbone is None and not machine.has_accelerator
    return Proposal(
        commented_yaml(_header(look, source, inputs, plan), entries),
        spec.name,
        name,
        plan.told,
        inputs.told,
        sizes,
        cost if known else None,
    )


def _summary(look: Look) -> str:
    noun = "pictures" if look.modality == "image" else "texts"
    return f"{look.total:,} {noun} in {len(look.class_names):,} classes."


def _header(look: Look, source: Source, inputs: Inputs, plan: Plan) -> list[str]:
    counts = sorted(look.per_class.values())
    each = f"{counts[0]:,} each" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,} each"
    noun = "pictures" if look.modality == "image" else "texts"
    return [
        f"{look.total:,} {noun} in {len(look.class_names):,} classes, {each}: {inputs.told}.",
        "",
        f"  ftsuite run {source.file} --dry-run    # builds everything, and says what a run will cost",
        f"  ftsuite run {source.file}",
        "",
        f"Written by `{source.command}`",
        "after a look at the data: names and labels of all, a sample of the contents.",
        f"`ftsuite data audit {source.file}` looks at all of them. Change what you like:",
        "`ftsuite config check` checks it, and `ftsuite config show` shows every value that can be set.",
    ]


def _sample(sizes: Sizes, cost: Cost, machine: Machine) -> list[Entry]:
    """A part, where all examples take hours even through a frozen backbone."""
    seconds = cost.forward_seconds(sizes.train + sizes.test)
    if machine.has_accelerator or seconds < _HOURS_SECONDS:
        return []
    part = cost.forward_seconds(_PART)
    why = f"all take hours on {machine.processors} processors even once through the backbone, and so many {hours(part)}"
    return [Entry("sample", _PART, why, is_suggestion=True)]


def _evaluation(look: Look) -> list[Entry]:
    if not is_uneven(look):
        return []
    counts = sorted(look.trainable.values())
    times = counts[-1] / max(counts[0], 1)
    why = f"the largest class has {times:.1f} times the examples of the smallest: accuracy would hide the small ones"
    return [Entry("evaluation", (Entry("headline", "macro_f1", why),))]
