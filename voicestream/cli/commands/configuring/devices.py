"""``voicestream devices``: sinks and sound devices that ``--device`` can name."""

from __future__ import annotations

from typing import Final

import click
import msgspec

from voicestream.cli.columns import Column, show, table, terminal_width
from voicestream.errors import EXIT_NO_AUDIO, EXIT_OK, AudioDeviceError
from voicestream.terminal_text import one_line

JSON_VERSION: Final = 1

_COLUMNS: Final = (
    Column("number"),
    Column("default", 2),
    Column("device"),
    Column("name", 1),
    Column("lead-in", 3),
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def devices(*, as_json: bool) -> int:
    """List the sinks of the sound server and the sound devices.

    `--device` takes a number, a name, or a part of one. The exit code is 69 if there is no device.
    """
    from voicestream.doctor.sound import probe
    from voicestream.workers.player.sinks import lead_in

    found = probe()
    rows: list[dict[str, object]] = [
        {
            "number": number,
            "kind": "sink",
            "name": sink.name,
            "description": sink.description,
            "default": sink.is_default,
            "lead_in_ms": round(lead_in.SECONDS.get(lead_in.kind_of(sink, ""), 0.0) * 1000),
        }
        for number, sink in enumerate(found.sinks, 1)
    ]
    rows += [
        {
            "number": number,
            "kind": "device",
            "name": device.name,
            "description": device.name,
            "default": device.name == found.default and not found.sinks,
            "lead_in_ms": round(lead_in.SECONDS.get(lead_in.kind_of(None, device.name), 0.0) * 1000),
        }
        for number, device in enumerate(found.devices, len(found.sinks) + 1)
    ]
    if as_json:
        data = {"version": JSON_VERSION, "devices": rows, "error": found.error}
        click.echo(msgspec.json.encode(data))
    elif rows:
        show(table(_COLUMNS, [_row(row) for row in rows], terminal_width()))
    if found.error and not as_json:
        raise AudioDeviceError(found.error, hint=found.hint)
    if not rows and not as_json:
        raise AudioDeviceError("there is no sound device", hint="voicestream doctor")
    return EXIT_OK if rows and not found.error else EXIT_NO_AUDIO


def _row(row: dict[str, object]) -> tuple[str, ...]:
    is_sink = row["kind"] == "sink"
    return (
        str(row["number"]),
        "*" if row["default"] else "",
        one_line(str(row["description"])),
        one_line(str(row["name"])) if is_sink else "",
        f"{row['lead_in_ms']} ms" if row["lead_in_ms"] else "",
    )
