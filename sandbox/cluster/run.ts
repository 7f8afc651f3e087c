/** Short-lived commands: run one, give it input, get its output, and fail with all that a reader needs to see why. No shell is involved. */
import { spawn } from 'node:child_process';

/** Options of `run`. `input` goes to standard input; `env` replaces the environment. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** A command that ended with a failure. The message holds the command line and what it printed. */
export class CommandError extends Error {
  readonly code = 'CommandFailed';
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(commandLine: string, result: { exitCode: number | undefined; stdout: string; stderr: string }) {
    const output = [result.stderr, result.stdout].map((text) => text.trim()).filter((text) => text !== '');
    super([`${commandLine} failed (exit code ${result.exitCode ?? 'none'}):`, ...output].join('\n'));
    this.exitCode = result.exitCode;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

/**
 * Runs a command to its end and returns its standard output.
 * @throws CommandError when it can't be started or ends with anything but 0.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    // A command that fails early closes its input: its exit code says more than our EPIPE.
    child.stdin.on('error', () => undefined).end(input ?? '');
    const line = [command.split('/').at(-1), ...args].join(' ');
    child.once('error', (error) => reject(new CommandError(line, { ...output, exitCode: undefined, stderr: error.message })));
    child.once('close', (code) => {
      if (code === 0) resolve(output.stdout);
      else reject(new CommandError(line, { ...output, exitCode: code ?? undefined }));
    });
  });
}
