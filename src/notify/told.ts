/**
 * Who was told of what: a list of marks for each channel, kept in the spec of the ReceivedShare. A mark gets there when its message was delivered or given up, so
 * that a crash in between repeats the message, with the same id, and loses none. Pure.
 */
import type { ReceivedShareSpec } from '../api/index.ts';
import type { News } from './kinds.ts';

/** The list as it is recorded. */
export type Told = NonNullable<ReceivedShareSpec['told']>['channels'];

/** How many marks of a channel are kept; more than holds of a request at a time. */
export const marksKept = 24;

/** What is told to a new ReceivedShare is at most this old: one that is made again must not tell the whole past. */
export const freshMs = 3_600_000;

/** What the next list is made from. */
export interface ToldInput {
  /** The list as recorded; undefined: none, notifications were off. */
  readonly before: Told | undefined;
  /** The ReceivedShare is being made now. */
  readonly isNew: boolean;
  /** The channels that there are. */
  readonly channels: readonly string[];
  /** By channel: marks that have been dealt with since. */
  readonly settled: ReadonlyMap<string, ReadonlySet<string>>;
  readonly news: readonly News[];
  readonly now: number;
}

/** The list as it should be recorded. A channel that appears later starts with all that holds: nobody is sent the past. */
export function nextTold({ before, isNew, channels, settled, news, now }: ToldInput): Told {
  const holding = news.map(({ mark }) => mark);
  const old = news.filter(({ time }) => time !== undefined && now - Date.parse(time) > freshMs).map(({ mark }) => mark);
  return channels.map((channel) => {
    const known = before?.find((each) => each.channel === channel)?.marks ?? (isNew ? old : holding);
    const marks = [...new Set([...known, ...(settled.get(channel) ?? [])])];
    return { channel, marks: shortened(marks, new Set(holding)) };
  });
}

/** Every mark in the list. */
export function allMarks(told: Told | undefined): Set<string> {
  return new Set((told ?? []).flatMap(({ marks }) => marks));
}

/** What a channel has not been told. */
export function untold(told: Told, channel: string, news: readonly News[]): News[] {
  const marks = told.find((each) => each.channel === channel)?.marks;
  return marks === undefined ? [] : news.filter(({ mark }) => !marks.includes(mark));
}

/** The oldest go first, and what still holds stays: without its mark it would be told again. */
function shortened(marks: readonly string[], holding: ReadonlySet<string>): string[] {
  const spare = marks.length - marksKept;
  if (spare <= 0) return [...marks];
  const going = new Set(marks.filter((mark) => !holding.has(mark)).slice(0, spare));
  return marks.filter((mark) => !going.has(mark)).slice(-marksKept);
}
