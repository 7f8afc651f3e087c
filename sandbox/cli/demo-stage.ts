/**
 * How the demo shows things: a heading, a sentence, and commands. A command goes through a shell exactly as it is printed, its output
 * appears as it comes, and what it must show is checked. What is shown is in demo.ts.
 */
import { spawn } from 'node:child_process';

/** A command of the demo and what has to come of it. */
export interface Act {
  /** As a person types it; may have several lines. */
  readonly command: string;
  /** What the output has to contain. */
  readonly shows?: RegExp | readonly RegExp[];
  /** What the output must not contain. */
  readonly hides?: RegExp;
  /** The command has to fail: that is the point of it. */
  readonly fails?: boolean;
}

/** Where the demo is played. */
export interface Stage {
  readonly heading: (text: string) => void;
  readonly say: (text: string) => void;
  /**
   * Types a command, shows its output, and checks it.
   * @throws with the command and with what was expected of it.
   */
  readonly act: (act: Act) => Promise<void>;
}

/** What a stage needs. */
export interface StageOptions {
  /** Environment of the commands. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly print: (text: string) => void;
  /** Escape sequences for a terminal. */
  readonly colours: boolean;
}

/** Makes a stage; headings are numbered. */
export function createStage({ env, cwd, print, colours }: StageOptions): Stage {
  const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  let count = 0;
  return {
    heading: (text) => print(`\n${paint(1, `── ${++count}. ${text}`)}\n`),
    say: (text) => print(`${text}\n`),
    act: async (act) => {
      print(`\n${paint(36, `$ ${act.command}`)}\n`);
      check(act, await type(act.command, { env, cwd, print }));
    },
  };
}

/** True when standard output is a terminal that wants colours (https://no-color.org). */
export function wantsColours(
  stream: { readonly isTTY?: boolean } = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

interface Result {
  readonly output: string;
  readonly exitCode: number | null;
}

function type(command: string, { env, cwd, print }: Omit<StageOptions, 'colours'>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const shell = spawn('sh', ['-c', command], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        print(text);
      });
    shell.once('error', reject);
    shell.once('close', (exitCode) => {
      if (output !== '' && !output.endsWith('\n')) print('\n');
      resolve({ output, exitCode });
    });
  });
}

function check({ command, shows = [], hides, fails = false }: Act, { output, exitCode }: Result): void {
  const missing = [shows].flat().find((pattern) => !pattern.test(output));
  const problem =
    (exitCode !== 0) !== fails
      ? `it ended with ${String(exitCode)}, but it has to ${fails ? 'be refused' : 'succeed'}`
      : missing !== undefined
        ? `its output has to contain ${String(missing)}`
        : hides?.test(output) === true
          ? `its output must not contain ${String(hides)}`
          : undefined;
  if (problem !== undefined) throw new Error(`THE DEMO FAILED at this command: ${problem}.\n  ${command}`);
}
