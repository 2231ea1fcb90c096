import type { Terminal } from './command.js';

const INTERRUPTED_EXIT = 130;

/** C0 and C1 except tab and line feed, and DEL: customers' texts may contain them, and a terminal would obey them. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Escapes the control characters of a text; in JSON the meaning is unchanged. */
export const printable = (text: string): string =>
  text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Runs a command with the terminal of this process. An interrupt aborts it; a second one exits at once. Returns its
 * exit code, or 130 when it was interrupted.
 */
export async function onTerminal(work: (terminal: Terminal) => Promise<number>): Promise<number> {
  const interrupting = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupting.signal.aborted) process.exit(INTERRUPTED_EXIT);
      interrupting.abort();
    });
  }
  const exit = await work({
    signal: interrupting.signal,
    report: (text) => void process.stderr.write(`${printable(text)}\n`),
    print: (text) => void process.stdout.write(`${printable(text)}\n`),
    printed: () => new Promise((written) => process.stdout.write('', () => written())),
  });
  return interrupting.signal.aborted ? INTERRUPTED_EXIT : exit;
}
