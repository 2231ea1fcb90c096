import type { LoggerService } from '@nestjs/common';
import { styleText } from 'node:util';
import { pino, stdSerializers, type Logger } from 'pino';

/** Contexts of Nest's own start-up lines, one per route, which would push the welcome off the screen. */
const START_UP_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
/** The destination of lines, such as standard output. */
export type Output = Readonly<{ write(text: string): unknown }>;

/**
 * Writes Nest's log calls to standard output: as JSON lines with the logging part as `context`, on a terminal as plain
 * text.
 */
export class ServiceLogger implements LoggerService {
  readonly #pino: Logger;

  constructor({ level, isTerminal, output = process.stdout }: { level: string; isTerminal: boolean; output?: Output }) {
    const options = {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
    };
    const write = (line: string): unknown => output.write(textOf(JSON.parse(line) as Line));
    this.#pino = isTerminal
      ? pino(options, { write })
      : output === process.stdout
        ? pino(options)
        : pino(options, output as { write(text: string): void });
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write(START_UP_CONTEXTS.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest passes the context last; an error may be followed by an explanation. */
  #write(level: Level, message: unknown, rest: unknown[]): void {
    const texts = rest.filter((part): part is string => typeof part === 'string');
    const context = texts.at(-1);
    if (message instanceof Error)
      this.#pino[level]({ context, err: message }, texts.length > 1 ? texts[0] : message.message);
    else if (typeof message === 'object') this.#pino[level]({ context, ...message });
    else this.#pino[level]({ context }, String(message));
  }
}

type Line = Readonly<{ level: Level; time: string; context?: string; msg?: string; err?: { stack?: string } }> &
  Readonly<Record<string, unknown>>;

const COLOURS = { fatal: 'red', error: 'red', warn: 'yellow', info: 'green', debug: 'gray', trace: 'gray' } as const;

/** Formats a line for people: time of day, level, context and message, then an error's stack. */
function textOf({ level, time, context, msg, err, ...fields }: Line): string {
  const more = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const head = `${styleText('gray', localTime(time))} ${styleText(COLOURS[level], level.padEnd(5))} ${context === undefined ? '' : `${styleText('cyan', context)}  `}`;
  const stack = err?.stack === undefined ? '' : `${styleText('gray', err.stack)}\n`;
  return `${head}${msg ?? ''}${more.join('')}\n${stack}`;
}

const localTime = (time: string): string => new Date(time).toTimeString().slice(0, 8);
