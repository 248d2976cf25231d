"""English readings of words from code that letter-to-sound rules misread: ``kubectl``, ``ECONNREFUSED``, ``FIXMEs``."""

from __future__ import annotations

import functools
import re
from typing import Final

_READINGS: Final = """
chgrp: change group | chmod: change mod | chown: change own | fixme: fix me | fixmes: fix meez | gibibyte: gibby byte
gibibytes: gibby bytes | id: I D | json: jason
kubectl: kube control | kubelet: kube let | mkdir: make dir | nginx: engine x | oauth: o auth | publickey: public key
readme: read me | rmdir: remove dir | stderr: standard error | stdin: standard in | stdout: standard out | todo: to do
todos: to dos | uri: u r i | uris: u r eyes | url: u r l | urls: u r ells | yaml: yammel
"""
"""In any case. Only readings that speech synthesis and front-ends get wrong."""

_ROOTS: Final = """
ACCES: access | ADDR: address | AFNOSUPPORT: A F no support | AGAIN: again | ABORTED: aborted | ALREADY: already
AVAIL: available | BADF: bad file | BUSY: busy | CONN: connection | DEADLK: deadlock | DEST: destination
DIR: directory | EMPTY: empty | EXIST: exist | FAULT: fault | FBIG: file big | HOST: host | IN: in
INTR: interrupted | INVAL: invalid
IO: I O | IS: is | LONG: long | LOOP: loop | MEM: memory | MFILE: many files | NAME: name | NET: network | NO: no
NOENT: no entry | NOT: not | NOTEMPTY: not empty | PERM: permission | PIPE: pipe | PROTO: protocol | RANGE: range
REFUSED: refused | RESET: reset | ROFS: read only file system | SPC: space | SRCH: search | SYS: system
TIMEDOUT: timed out | TOO: too | UNREACH: unreachable | USE: use | WOULDBLOCK: would block | XDEV: cross device
"""
"""Parts of the names of error codes."""

_CODE: Final = re.compile(r"\bE([A-Z]{2,13})\b")


def say_code_words(text: str) -> str:
    """Respell words from code in an English text."""
    text = _CODE.sub(lambda found: _code(found[1]) or found[0], text)
    return _pattern().sub(lambda found: _table(_READINGS)[found[0].lower()], text)


@functools.lru_cache(maxsize=256)
def _code(name: str) -> str:
    """Return the reading of an error code without its E, in as few known parts as possible; empty: it has others."""
    best: list[list[str] | None] = [[]]
    roots = _table(_ROOTS)
    for end in range(1, len(name) + 1):
        found = [
            [*before, roots[name[start:end]]]
            for start in range(end)
            if (before := best[start]) is not None and name[start:end] in roots
        ]
        best.append(min(found, key=len, default=None))
    return " ".join(("E", *best[-1])) if best[-1] else ""


@functools.cache
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(_table(_READINGS))})(?!\w)", re.IGNORECASE)


@functools.cache
def _table(rows: str) -> dict[str, str]:
    return dict(entry.split(": ", 1) for entry in re.split(r"\n| \| ", rows.strip()))
