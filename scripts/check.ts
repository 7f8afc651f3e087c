/**
 * Everything that must hold before a change goes in, in one command: `make test` (all), `make verify` (all but the tests), `make lint`;
 * and `make e2e`, the tests with other people's programs, which take longer to build than all others.
 * Each step runs even when an earlier one failed, so that one run shows all there is to mend. The last line that `make test` and
 * `make e2e` print is "N passed, N failed", counting every test and every other step.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** What to type when it fails. */
  readonly hint: string;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const root = join(import.meta.dirname, '..');
const resultFile = join(root, 'node_modules/.cache/test-results.json');

const lint: readonly Step[] = [
  { name: 'lint', command: ['eslint', '.'], hint: 'make format mends what can be mended by itself' },
  { name: 'formatting', command: ['prettier', '--check', '--log-level=warn', '.'], hint: 'make format' },
  {
    name: 'direction of imports',
    command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'sandbox'],
    hint: 'docs/architecture.md says who may import whom',
  },
];

const verify: readonly Step[] = [
  { name: 'types', command: ['tsc', '--noEmit'], hint: 'npx tsc --noEmit' },
  ...lint,
  {
    name: 'generated files',
    command: ['node', 'scripts/generate.ts', '--check'],
    hint: 'make generate, then commit what it wrote',
  },
];

/** What each mode does. `tests` are the arguments that choose vitest's projects. */
const modes: Readonly<Record<string, { readonly steps: readonly Step[]; readonly tests?: readonly string[] }>> = {
  lint: { steps: lint },
  verify: { steps: verify },
  test: { steps: verify, tests: ['--project=!e2e'] },
  e2e: { steps: [], tests: ['--project=e2e'] },
};

async function main(name: string): Promise<void> {
  const mode = modes[name];
  if (mode === undefined) throw new Error(`Say what to check: node scripts/check.ts ${Object.keys(modes).join(' | ')}`);
  const failed = await runSteps(mode.steps);
  const tests = mode.tests === undefined ? { passed: 0, failed: 0 } : await runTests(mode.tests);
  for (const { name, hint } of failed) console.log(`FAILED ${name}: ${hint}`);
  console.log(`${mode.steps.length - failed.length + tests.passed} passed, ${failed.length + tests.failed} failed`);
  process.exitCode = failed.length + tests.failed === 0 ? 0 : 1;
}

/** Runs as many steps at a time as there are cores; what one has to say comes when it ends, so that two don't mix. Returns those that failed. */
async function runSteps(steps: readonly Step[]): Promise<Step[]> {
  const waiting = [...steps];
  const failed = new Set<Step>();
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      console.log(`── ${step.name}: ${step.command.join(' ')}`);
      const started = performance.now();
      let said = '';
      const passed = await succeeds(step.command, (text) => (said += text));
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${said}   ${step.name} ${passed ? 'passed' : 'FAILED'} after ${seconds} s`);
      if (!passed) failed.add(step);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return steps.filter((step) => failed.has(step));
}

/** Runs these tests; a run that fails without a failed test (a file that can't be loaded, a crash) counts as one failure. */
async function runTests(projects: readonly string[]): Promise<Count> {
  console.log(`── tests: vitest run ${projects.join(' ')}`);
  mkdirSync(join(resultFile, '..'), { recursive: true });
  rmSync(resultFile, { force: true });
  const passed = await succeeds([
    'vitest',
    'run',
    ...projects,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
  ]);
  const count = readCount();
  return passed ? count : { ...count, failed: Math.max(1, count.failed) };
}

function readCount(): Count {
  try {
    const result = JSON.parse(readFileSync(resultFile, 'utf8')) as { numPassedTests: number; numFailedTests: number };
    return { passed: result.numPassedTests, failed: result.numFailedTests };
  } catch {
    // The run ended before it could write its result: its exit code says so.
    return { passed: 0, failed: 0 };
  }
}

/**
 * Runs one of the project's programs, with its output here, or told to `listen`. Its own Node comes first on the PATH: the programs' start lines say "env node",
 * which would take the machine's.
 */
function succeeds([command, ...args]: readonly [string, ...string[]], listen?: (text: string) => void): Promise<boolean> {
  const binaries = join(root, 'node_modules/.bin');
  const env = { ...process.env, PATH: [binaries, process.env['PATH']].join(delimiter) };
  return new Promise((resolve) => {
    const child = spawn(join(binaries, command), args, { cwd: root, env, stdio: listen === undefined ? 'inherit' : 'pipe' });
    for (const output of [child.stdout, child.stderr]) output?.setEncoding('utf8').on('data', (text: string) => listen?.(text));
    child.once('error', (error) => {
      console.log(`   ${command} can't be started: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
}

await main(process.argv[2] ?? '');
