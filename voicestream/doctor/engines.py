"""Findings about engines, models, licences and the GPU."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Final

from voicestream.config import gpu_probe
from voicestream.doctor.finding import Finding, findings_of, from_error
from voicestream.doctor.hosts import hosts
from voicestream.engines import registry
from voicestream.engines.spec import ONLY_BY_NAME, SynthesizerSpec
from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, licences, packages
from voicestream.models.catalogue import format_size
from voicestream.models.location import directory
from voicestream.models.model_store import ModelStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from voicestream.engines.registry import EngineGroup, Spec
    from voicestream.engines.spec import EngineSpec
    from voicestream.models.model_store import Entry

MIB: Final = 1 << 20


def engines() -> Iterator[Finding]:
    """Report for each engine what it lacks, and for voices whether one is ready."""
    installed = [entry for entry in ModelStore(directory()).entries() if entry.manifest is not None]
    yield from _of_group(registry.TRANSLATORS, "translation", installed)
    voices = list(_of_group(registry.SYNTHESIZERS, "tts", installed))
    yield from voices
    if not any(found.state == "ok" for found in voices):
        yield Finding("tts", "problem", "no voice engine is ready", "voicestream setup")


def models() -> Iterator[Finding]:
    """Report installed and incomplete models, and the licences that the user has accepted."""
    store = ModelStore(directory())
    entries = store.entries()
    whole = [f"{entry.name} ({format_size(entry.size)})" for entry in entries if entry.manifest is not None]
    yield Finding("models", "ok", f"{', '.join(whole) or 'nothing is installed'}; in {store.root}")
    for entry in entries:
        if entry.manifest is None:
            hint = f"voicestream models pull {entry.name}"
            if entry.name not in catalogue.catalogue():
                hint = f"voicestream models remove {entry.name}"
            yield Finding("models", "note", f"{entry.name} is incomplete", hint)
    accepted = licences.accepted()
    for identifier, acceptance in accepted.items():
        yield Finding("licences", "ok", f"{identifier}, version {acceptance.version}, accepted on {acceptance.date}")


def gpu() -> Iterator[Finding]:
    """Report the device on which neural engines compute."""
    found = gpu_probe.detect()
    memory = f", {found.memory_bytes / MIB:,.0f} MiB" if found.memory_bytes else ""
    yield Finding("gpu", "ok", f"neural engines compute on: {found.name}{memory}")
    if found.compute == gpu_probe.CPU and gpu_probe.may_have_gpu():
        yield Finding("gpu", "note", "there is a GPU driver, but torch finds no GPU", packages.INSTALL_NEURAL)


def _of_group(group: EngineGroup[Spec], role: str, installed: Sequence[Entry]) -> Iterator[Finding]:
    for name in registry.names(group):
        check = f"{role}:{name}"
        yield from findings_of(check, partial(_of_engine, check, group, name, installed))


def _of_engine(check: str, group: EngineGroup[Spec], name: str, installed: Sequence[Entry]) -> list[Finding]:
    spec = registry.spec(group, name)
    return list(hosts(check, spec)) if spec.sends_text else [_of_spec(check, spec, installed)]


def _of_spec(check: str, spec: EngineSpec, installed: Sequence[Entry]) -> Finding:
    missing = [name for name in spec.packages if not packages.is_installed(name)]
    missing += [name for name in spec.programs if shutil.which(name) is None]
    if missing:
        return Finding(check, "note", f"{spec.title} needs {', '.join(missing)}, not installed here", spec.install)
    own = {model.name for model in spec.models}
    names = [entry.name for entry in installed if entry.name in own]
    if isinstance(spec, SynthesizerSpec) and spec.find_weights is not None:
        try:
            spec.find_weights("")
        except VoicestreamError as error:
            return from_error(check, error, "note")
    elif own and not names:
        return Finding(check, "note", f"{spec.title} has no model yet", "voicestream setup")
    what = "built in" if spec.is_built_in else f"ready, with {', '.join(names)}" if names else "ready"
    by_name = "; never chosen by auto" if spec.rank == ONLY_BY_NAME else ""
    return Finding(check, "ok", f"{spec.title}: {what}{by_name}")
