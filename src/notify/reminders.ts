/** Reminders of an end that comes: when, and which one is due. Pure; that a reminder was given is known by its mark (told.ts). */
import { earliest } from '../earliest.ts';
import { timeOf } from '../shares/approval.ts';
import { isoTime } from '../shares/consent-record.ts';
import type { RequestItem } from '../shares/request-report.ts';
import type { News } from './kinds.ts';

/** How many days before the end people are reminded. */
export const reminderDays = [30, 14, 7, 3, 1] as const;

const dayMs = 86_400_000;

/**
 * One reminder for each end that live items have: the one that fell due last, so that an operator that was away reminds once. A day that had passed already when the
 * share was granted reminds of nothing.
 */
export function remindersOf(
  items: readonly RequestItem[],
  now: number,
): { readonly news: readonly News[]; readonly dueAt: number | undefined } {
  const ending = items.filter(({ decision: { consent } }) => consent?.expireTime !== undefined && consent.ended === undefined);
  const byEnd = [...Map.groupBy(ending, ({ decision }) => decision.consent?.expireTime ?? '')];
  const found = byEnd.map(([expireTime, some]) => {
    const end = timeOf(expireTime) ?? 0;
    const granted = Math.max(...some.map(({ decision }) => timeOf(decision.consent?.grantedTime) ?? 0));
    const times = reminderDays.map((days) => ({ days, at: end - days * dayMs })).filter(({ at }) => at > granted);
    const due = end > now ? times.findLast(({ at }) => at <= now) : undefined;
    return { news: due === undefined ? [] : [reminder(expireTime, due, some)], next: times.find(({ at }) => at > now)?.at };
  });
  return { news: found.flatMap((each) => each.news), dueAt: earliest(found.map((each) => each.next)) };
}

function reminder(
  expireTime: string,
  { days, at }: { readonly days: number; readonly at: number },
  items: readonly RequestItem[],
): News {
  return {
    kind: 'ExpiringSoon',
    mark: `ExpiringSoon/${expireTime}/${String(days)}`,
    time: isoTime(at),
    items: items.map(({ item }) => `${item.spec.type} ${item.spec.name}`),
    message: `access ends at ${expireTime}; to keep it, ask for a later end and have it approved`,
    expireTime,
  };
}
