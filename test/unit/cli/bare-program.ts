/** The program of `kubectl share` as it is declared, for tests that read its commands and flags: nothing runs, nobody listens. */
import type { Command } from 'commander';
import { createProgram } from '../../../src/cli/program.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/** The program without a terminal and without a cluster. */
export function bareProgram(): Command {
  const terminal = {
    line: () => undefined,
    raw: () => undefined,
    note: () => undefined,
    colours: false,
    interactive: false,
    ask: () => Promise.resolve(''),
  };
  const host = {
    terminal,
    clock: createVirtualClock(),
    signal: new AbortController().signal,
    connect: () => Promise.reject(new Error('none')),
  };
  return createProgram(host, () => undefined);
}
