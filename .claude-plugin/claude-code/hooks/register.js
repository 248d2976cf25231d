// The command /speech of Claude Code: runs one command of voicestream and shows what it prints. No model is asked.

const USAGE = 'on | off | slower | faster | again | stop'
const COMMANDS = { on: ['unmute'], off: ['mute'], again: ['replay'], stop: ['hush'] }
const STEP = 0.1
const SLOWEST = 0.5
const FASTEST = 3
let speed = 1

function wanted(word) {
  if (word !== 'slower' && word !== 'faster') return COMMANDS[word]
  const next = speed + (word === 'faster' ? STEP : -STEP)
  speed = Math.min(FASTEST, Math.max(SLOWEST, Math.round(next * 10) / 10))
  return ['speed', String(speed)]
}

export function register(on) {
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
