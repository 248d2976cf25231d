// Text of Claude Code while it is written, sentence by sentence, and the command /speech, which asks no model.
// The agent never waits: every chunk is passed on at once, and a failure costs only the head start. The hooks hand
// over each paragraph as well, and the supervisor speaks what comes first.

const USAGE = 'on | off | slower | faster | again | stop'
const COMMANDS = { on: ['unmute'], off: ['mute'], again: ['replay'], stop: ['hush'] }
const STEP = 0.1
const SLOWEST = 0.5
const FASTEST = 3
let speed = 1

const HOOK = ['voicestream', 'hook', '--start']
const HOOK_LIMIT = { timeoutMs: 5000 }
const SENTENCE_END = /[.!?…]["'”’)\]*_`]*\s+|[。！？]["'”’」』）]*|\n+/g
const LONGEST_WHOLE = 200000

// Pieces of one answer of the model. `run` hands one event over; at most one is on its way.
function pieces(id, run) {
  let whole = ''
  let sent = 0
  let index = 0
  let block
  let isEnded = false
  let isRunning = false
  let isOff = false

  const next = () => {
    if (isEnded) return whole.length
    const ends = [...whole.slice(sent).matchAll(SENTENCE_END)]
    return ends.length ? sent + ends.at(-1).index + ends.at(-1)[0].length : sent
  }
  const send = async () => {
    if (isRunning || isOff) return
    isRunning = true
    try {
      for (let end = next(); whole.slice(sent, end).trim() || (isEnded && index >= 0 && whole.trim()); end = next()) {
        const delta = whole.slice(sent, end)
        sent = end
        const event = { hook_event_name: 'MessageStream', message_id: id, index, delta, final: isEnded }
        if (isEnded && whole.length <= LONGEST_WHOLE) event.last_assistant_message = whole
        index = isEnded ? -1 : index + 1
        await run(event)
      }
    } catch {
      isOff = true
    }
    isRunning = false
  }
  return {
    take(chunk) {
      if (block !== undefined && block !== chunk.index) whole += '\n\n'
      block = chunk.index
      whole += chunk.text
      send()
    },
    end() {
      isEnded = true
      send()
    },
  }
}

function wanted(word) {
  if (word !== 'slower' && word !== 'faster') return COMMANDS[word]
  const next = speed + (word === 'faster' ? STEP : -STEP)
  speed = Math.min(FASTEST, Math.max(SLOWEST, Math.round(next * 10) / 10))
  return ['speed', String(speed)]
}

export function register(on) {
  on('turn.step', async function* ($, e, next) {
    const run = async (event) => {
      const stdin = JSON.stringify({ ...event, session_id: await $.session.id() })
      await $.process.run(HOOK, { ...HOOK_LIMIT, stdin })
    }
    const answer = e.agentId === undefined ? pieces(`${e.turnId}/${e.index}`, run) : undefined
    try {
      for await (const chunk of next(e)) {
        if (chunk.kind === 'text') answer?.take(chunk)
        yield chunk
      }
    } finally {
      answer?.end()
    }
  })
  on('session.start', async ($, e, next) => {
    await $.command.register({
      name: 'speech',
      description: 'Control the voice that speaks the answers.',
      argumentHint: USAGE,
      immediate: true,
    })
    return next(e)
  })
  on('command.run', { command: 'speech' }, async ($, e) => {
    const command = wanted((e.args ?? '').trim())
    if (command === undefined) return { text: `/speech ${USAGE}` }
    try {
      const done = await $.process.run(['voicestream', ...command])
      return { text: (done.stdout + done.stderr).trim() || 'done' }
    } catch {
      return { text: 'voicestream is not on PATH: pip install voicestream' }
    }
  })
}
