#!/usr/bin/env node
/** Starts `kubectl share`: the process's streams, the machine's clock, and an exit code. Everything else is made by program.ts. */
import { systemClock } from '../clock.ts';
import { connectCluster } from './context.ts';
import { runProgram } from './program.ts';
import { processTerminal } from './terminal.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => {
  // What waits ends at once; a second interrupt ends everything.
  interrupted.abort(new Error('interrupted'));
});
// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await runProgram(process.argv.slice(2), {
  terminal: processTerminal(process),
  clock: systemClock,
  signal: interrupted.signal,
  connect: connectCluster,
});
// 128 + SIGINT, as shells have it.
process.exitCode = interrupted.signal.aborted ? 130 : code;
