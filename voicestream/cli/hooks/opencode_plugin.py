"""Plugin file for opencode, which hands its events to ``voicestream hook``. Pure: text of the file in, text out."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final, cast

from voicestream.cli.hooks.hook_command import is_ours
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE_NAME: Final = "voicestream.js"

_COMMAND: Final = re.compile(r"^const COMMAND = (\[.*\])$", re.MULTILINE)

_SOURCE: Final = """\
// Made by `voicestream hook install opencode`; `voicestream hook uninstall opencode` removes it.
// Starts COMMAND for each event, one after another, with the event on stdin; opencode waits for none of them.
import { spawn } from "node:child_process"

const COMMAND = %s
const parents = new Map() // of the sessions of sub-agents
const turns = new Map() // id of the prompt, by session and by answer
const texts = new Map() // texts that are being written, by part
let queue = Promise.resolve()
let cwd = ""

const root = (session) => (parents.has(session) ? root(parents.get(session)) : session)

function hand(name, session, fields = {}) {
  const event = { hook_event_name: name, session_id: session, cwd, prompt_id: turns.get(session), ...fields }
  const run = (resolve) => {
    const hook = spawn(COMMAND[0], COMMAND.slice(1), { stdio: ["pipe", "ignore", "ignore"] })
    hook.on("error", resolve).on("exit", resolve)
    hook.stdin.on("error", resolve).end(JSON.stringify(event))
  }
  queue = queue.then(() => new Promise(run)).catch(() => {})
}

function write(text, final) {
  // A paragraph, with its line ends; -1 + 2 where there is none.
  const end = final ? text.written.length : text.written.lastIndexOf("\\n\\n") + 2
  if (!final && end <= Math.max(text.sent, 1)) return
  const delta = text.written.slice(text.sent, end)
  hand("MessageDisplay", text.session, { message_id: text.id, index: text.index++, delta, final })
  text.sent = end
}

function take(type, data) {
  const { sessionID: session, info, part } = data
  if (info?.parentID && type.startsWith("session.")) parents.set(info.id, info.parentID)
  else if (type === "session.created") hand("SessionStart", info.id)
  else if (type === "session.deleted") hand("SessionEnd", info.id)
  else if (type === "message.updated" && info.role === "assistant") turns.set(info.id, info.parentID)
  else if (type === "permission.asked") hand("PermissionRequest", root(session), { tool_name: data.permission })
  else if (type === "question.asked") hand("PermissionRequest", root(session), { tool_name: "AskUserQuestion" })
  else if (parents.has(session ?? part?.sessionID)) return
  else if (type === "session.idle") hand("Stop", session)
  else if (type === "session.error" && session && data.error?.name !== "MessageAbortedError")
    hand("StopFailure", session, { last_assistant_message: data.error?.data?.message ?? data.error?.name })
  else if (type === "message.part.updated" && part.type === "text" && turns.has(part.messageID)) {
    const text = texts.get(part.id) ?? { id: part.id, session: part.sessionID, sent: 0, index: 0 }
    text.written = part.text
    turns.set(text.session, turns.get(part.messageID))
    write(text, Boolean(part.time?.end))
    if (part.time?.end) texts.delete(part.id)
    else texts.set(part.id, text)
  } else if (type === "message.part.delta" && data.field === "text" && texts.has(data.partID)) {
    const text = texts.get(data.partID)
    text.written += data.delta
    write(text, false)
  }
}

export const Voicestream = async ({ directory }) => {
  cwd = directory
  return {
    "chat.message": async ({ sessionID }, { message }) => {
      if (parents.has(sessionID)) return
      turns.set(sessionID, message.id)
      hand("UserPromptSubmit", sessionID)
    },
    event: async ({ event }) => take(event.type, event.properties ?? {}),
  }
}
"""


class OpencodePlugin:
    """Form of the plugin file, which is whole ours."""

    events = ("plugin",)
    """The plugin counts as one event."""

    def installed(self, text: str) -> dict[str, list[str]]:
        """Return our command; empty if there is no file.

        Raises:
            ConfigurationError: the file is not ours.
        """
        if not text:
            return {}
        found = _COMMAND.search(text)
        try:
            command = shlex.join(cast("list[str]", json.loads(found[1]))) if found else ""
        except (ValueError, TypeError):
            command = ""
        if not is_ours(command):
            raise ConfigurationError("not the plugin of voicestream")
        return {"plugin": [command]}

    def with_hooks(self, text: str, arguments: Sequence[str]) -> str:
        """Return the plugin that runs a hook.

        Args:
            text: of the file; empty if there is none.
            arguments: of a hook, see ``hook_command``.

        Raises:
            ConfigurationError: the file is not ours.
        """
        self.installed(text)
        return _SOURCE % json.dumps(list(arguments))

    def without_hooks(self, text: str, original: str | None) -> str | None:
        """Return None: nothing of the file is left.

        Args:
            text: of the file.
            original: not used.

        Raises:
            ConfigurationError: the file is not ours.
        """
        del original
        return None if self.installed(text) else text
