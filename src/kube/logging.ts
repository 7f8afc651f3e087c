/**
 * JSON logs, one line per fact, with secrets taken out before a line is written. What is worth a line, and on which level, is the
 * caller's business: info is for changes only.
 */
import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { redactKeys, redactText } from './redaction.ts';

/** Fields of a log line. Use the names `controller`, `namespace`, `name`, `reconcileId` and `error` for what they say. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The part of pino's logger that the operator uses. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: LogFields): Logger;
}

/** Levels from talkative to quiet. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields of every line, such as the version. */
  readonly fields?: LogFields;
  /** Where lines go. @default standard output */
  readonly destination?: DestinationStream;
}

/** A JSON logger. Values under telling names (token, password …) and texts that look like credentials become "[redacted]". */
export function createLogger(options: LoggerOptions): Logger {
  const logger = pino(
    {
      level: options.level,
      base: redactKeys(options.fields ?? {}),
      timestamp: pino.stdTimeFunctions.isoTime,
      // A word, as people and log pipelines expect, instead of pino's number.
      formatters: { level: (label) => ({ level: label }), log: redactKeys },
      // Last line of defence: whatever path a text took into the line, it passes here.
      hooks: { streamWrite: redactText },
    },
    options.destination ?? pino.destination(1),
  );
  return wrap(logger);
}

/** pino doesn't format the fields of children (it resets that formatter for them), so that they are redacted here. */
function wrap(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(redactKeys(fields))),
  };
}

/** Logs nothing: for tests. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
