/**
 * Events on both sides of a request: on the ShareRequest for who asked, on ReceivedShare and Dataset for the owner. They are for people who look; what must reach
 * somebody is notices.ts.
 */
import type { ReceivedShare } from '../api/index.ts';
import { regardingOf } from '../kube/events.ts';
import { keyOf } from '../kube/object.ts';
import { remindersOf } from '../notify/reminders.ts';
import { types } from './cluster.ts';
import type { Operator } from './operator.ts';
import type { Received } from './received-share.ts';

/** Phases in which the owner has to decide: his Dataset shows them as well. */
const ownersTurn = new Set(['Submitted', 'SubmittedForExtension']);
/** The cluster forgets Events after an hour: a reminder that fell due longer ago was told by whoever ran then, or is not worth one. */
const eventLifeMs = 3_600_000;

/** Tells both sides of a new phase. */
export function announcePhase({ events }: Operator, { request, dataset, summary }: Received, object: ReceivedShare): void {
  const ready = summary.conditions.find(({ type }) => type === 'Ready');
  const text = ready?.message ?? summary.phase;
  const told = {
    type: summary.counts.failed > 0 ? 'Warning' : 'Normal',
    reason: summary.phase,
    action: 'Reconcile',
  } as const;
  const owners = `share request ${keyOf(request)}: ${text}`;
  events.record({ regarding: regardingOf(types.received, object), ...told, note: owners });
  events.record({ regarding: regardingOf(types.request, request), ...told, note: text });
  if (ownersTurn.has(summary.phase) && summary.items.length > 0)
    events.record({
      regarding: regardingOf(types.dataset, dataset),
      related: regardingOf(types.received, object),
      ...told,
      note: owners,
    });
}

/** Tells both sides of an end that comes. Returns when the next reminder is due (milliseconds since the epoch). */
export function announceReminders(operator: Operator, { request, summary }: Received, object: ReceivedShare): number | undefined {
  const { clock, memory, events } = operator;
  const uid = request.metadata.uid ?? '';
  const now = clock.now();
  const { news, dueAt } = remindersOf(summary.items, now);
  for (const { mark, time = '', message, kind } of news) {
    if (now - Date.parse(time) >= eventLifeMs || memory.reminded.get(uid)?.has(mark) === true) continue;
    memory.reminded.set(uid, new Set([...(memory.reminded.get(uid) ?? []), mark]));
    const told = { type: 'Normal', reason: kind, action: 'Remind', note: message, once: mark } as const;
    events.record({ regarding: regardingOf(types.request, request), ...told });
    events.record({
      regarding: regardingOf(types.received, object),
      ...told,
      note: `share request ${keyOf(request)}: ${message}`,
    });
  }
  return dueAt;
}
