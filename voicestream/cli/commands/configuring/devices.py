"""``voicestream devices``: sinks and sound devices that ``--device`` can name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import click
import msgspec

from voicestream.cli.columns import Column, show, table, terminal_width
from voicestream.errors import EXIT_NO_AUDIO, EXIT_OK, AudioDeviceError
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.workers.player.device_probe import Probe

JSON_VERSION: Final = 1

_COLUMNS: Final = (
    Column("number"),
    Column("default", 2),
    Column("device"),
    Column("name", 1),
    Column("lead-in", 3),
)


@dataclass(frozen=True)
class _Row:
    """One line of the list; every field is part of the documented JSON."""

    number: int
    kind: str
    name: str
    description: str
    default: bool
    lead_in_ms: int


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def devices(*, as_json: bool) -> int:
    """List the sinks of the sound server and the sound devices.

    `--device` takes a number, a name, or a part of one. The exit code is 69 if there is no device.
    """
    from voicestream.doctor.sound import probe

    found = probe()
    rows = _rows(found)
    if as_json:
        data = {"version": JSON_VERSION, "devices": [asdict(row) for row in rows], "error": found.error}
        click.echo(msgspec.json.encode(data))
    elif rows:
        show(table(_COLUMNS, [_cells(row) for row in rows], terminal_width()))
    if found.error and not as_json:
        raise AudioDeviceError(found.error, hint=found.hint)
    if not rows and not as_json:
        raise AudioDeviceError("there is no sound device", hint="voicestream doctor")
    return EXIT_OK if rows and not found.error else EXIT_NO_AUDIO


def _rows(found: Probe) -> list[_Row]:
    from voicestream.workers.player.sinks import lead_in

    sinks = [
        _Row(number, "sink", sink.name, sink.description, sink.is_default, lead_in.milliseconds(sink, ""))
        for number, sink in enumerate(found.sinks, 1)
    ]
    return sinks + [
        _Row(
            number,
            "device",
            device.name,
            device.name,
            device.name == found.default and not sinks,
            lead_in.milliseconds(None, device.name),
        )
        for number, device in enumerate(found.devices, len(sinks) + 1)
    ]


def _cells(row: _Row) -> tuple[str, ...]:
    return (
        str(row.number),
        "*" if row.default else "",
        one_line(row.description),
        one_line(row.name) if row.kind == "sink" else "",
        f"{row.lead_in_ms} ms" if row.lead_in_ms else "",
    )
