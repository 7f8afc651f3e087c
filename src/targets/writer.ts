/**
 * Runs one target once: observe, plan, compare principals, write the difference, read back, say to each item how far it is. Knows AWS documents by
 * their kinds only, and nothing of shares or Kubernetes. It is level-based: a run that was cut off anywhere is answered by the next one.
 */
import type { AwsFailure } from '../aws/errors.ts';
import { earliest } from '../earliest.ts';
import type { Assessment, PrincipalGrant, Refusal } from './target.ts';
import { afterWrite, conflictDueAt, conflictMessage, type Conflict } from './writer-conflict.ts';
import { inheritedDoubts, inheritedShownAt, noteTaken } from './writer-inherited.ts';
import { emptyMemory, secondLookAt } from './writer-memory.ts';
import { setAsideChanged } from './writer-principals.ts';
import { resultsOf, type Block } from './writer-report.ts';
import { asAsked, decide, isOld, look, type Run, type WriterState, isSuperseded } from './writer-run.ts';
import type { TargetReport, TargetRun, Writer, WriterOptions } from './writer-types.ts';
import { failureOf, write } from './writer-write.ts';

/** Rounds of one run in which AWS showed something else than expected; after that the queue's backoff takes over. */
const maxRounds = 6;
const roundWaitMs = 100;

/** Makes a writer; no I/O. */
export function createWriter(options: WriterOptions): Writer {
  const state: WriterState = { options, memories: new Map(), firstSeen: new Map(), startedAt: options.clock.now() };
  return {
    run: async (request) => {
      const run = startRun(state, request);
      try {
        await settle(run);
      } catch (error) {
        run.failure = failureOf(run, error);
        if (run.failure.kind === 'gone') run.view = undefined;
      }
      return reportOf(run);
    },
    forget: (key) => void state.memories.delete(key),
  };
}

function startRun<C, G extends PrincipalGrant, O, S, X>(
  writer: WriterState,
  request: TargetRun<C, G, O, S, X>,
): Run<C, G, O, S, X> {
  const key = request.kind.key(request.coordinates);
  const memory = writer.memories.get(key) ?? emptyMemory();
  writer.memories.set(key, memory);
  return {
    request,
    writer,
    memory,
    writes: [],
    blocks: new Map(),
    checked: new Set(),
    withheld: [],
    complete: false,
    notVisible: false,
    concurrentForeignChange: false,
  };
}

/** Goes round until nothing is due or nothing more can be done now. */
async function settle<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>): Promise<void> {
  const { clock } = run.writer.options;
  for (let round = 0; round < maxRounds;) {
    const observed = await look(run);
    if (isSuperseded(run)) return;
    const { plan, due } = decide(run, observed);
    if (!due) {
      // Everything of the first half is in place: now the half that was held back.
      if (run.withheld.pop() === undefined) return;
      continue;
    }
    if (await setAsideChanged(run, plan)) continue;
    if (run.view === undefined || isOld(run, run.view.at)) continue;
    run.failure = undefined;
    const outcome = await write(run, plan, observed);
    // Until AWS showed it a minute may have gone by: the next write compares its principals again.
    run.checked.clear();
    if (outcome === 'stop') return;
    // Who was refused is set aside and has been told; it is no failure of the others.
    if (outcome === 'narrowed') run.failure = undefined;
    else round++;
    if (outcome === 'again') await clock.sleep(roundWaitMs * round, run.request.signal);
  }
}

function reportOf<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>): TargetReport<O> {
  const { kind, coordinates, contributions } = run.request;
  const observed = run.view?.observed;
  const assessment = observed === undefined ? undefined : kind.assess(asAsked(run, observed));
  const now = run.writer.options.clock.now();
  if (assessment !== undefined) noteWrites(run, assessment);
  const found = run.found ?? new Map();
  noteTaken(run.memory, { contributions, found, writes: run.writes });
  const shownAt = inheritedShownAt(run.writer.startedAt);
  const doubts = inheritedDoubts(run.memory, contributions, { shownAt, now, describe: kind.describe(coordinates) });
  const items = resultsOf({
    contributions,
    describe: kind.describe(coordinates),
    goneReason: kind.goneReason,
    reasonOf: (code) => kind.reasonOf?.(code),
    denialHint: kind.denialHint,
    assessment,
    blocks: new Map([...refusalBlocks(observed === undefined ? undefined : decide(run, observed).plan.refused), ...run.blocks]),
    conflicts: conflictBlocks(run),
    doubts,
    failure: run.failure,
    notVisible: run.notVisible,
  });
  return {
    key: kind.key(coordinates),
    observedAt: run.view?.at,
    observed,
    items,
    found,
    unowned: assessment?.unowned ?? [],
    writes: run.writes,
    concurrentForeignChange: run.concurrentForeignChange,
    superseded: isSuperseded(run),
    ...optional('readBackAt', secondLookAt(run.memory, now)),
    ...optional('conflict', run.memory.conflict.open),
    ...optional('lookAt', earliest([conflictDueAt(run.memory.conflict, now), doubts.size > 0 ? shownAt : undefined])),
    ...optional('failure', run.failure),
  };
}

/** From what a read-back of our writes shows on, it can be found undone. */
function noteWrites<C, G extends PrincipalGrant, O, S, X>(run: Run<C, G, O, S, X>, assessment: Assessment): void {
  const wroteAt = run.writes.findLast(({ result }) => result === 'Succeeded')?.at;
  if (wroteAt === undefined || run.view === undefined || run.view.at < wroteAt || run.notVisible) return;
  const { kind, coordinates, contributions } = run.request;
  const look = { key: kind.key(coordinates), contributions, assessment, now: run.view.at };
  run.memory.conflict = afterWrite(run.memory.conflict, look);
}

function conflictBlocks<C, G extends PrincipalGrant, O, S, X>({ memory, request }: Run<C, G, O, S, X>): Map<string, Block> {
  const describe = request.kind.describe(request.coordinates);
  return new Map(
    [...(memory.conflict.open?.items.keys() ?? [])].flatMap((item) => {
      const message = conflictMessage(memory.conflict, item, describe);
      return message === undefined ? [] : [[item, { state: 'Failed', reason: 'ConflictingOwner', message }]];
    }),
  );
}

function refusalBlocks(refused: ReadonlyMap<string, Refusal> | undefined): Map<string, Block> {
  return new Map([...(refused ?? [])].map(([item, refusal]) => [item, { ...refusal, state: 'Failed' }]));
}

function optional<Name extends string, Value extends number | AwsFailure | Conflict>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: Value });
}
