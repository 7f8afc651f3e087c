/**
 * Hands what there is to be told of a request to the notifier, and keeps in the ReceivedShare what was told. Nothing here waits for a delivery.
 */
import type { ReceivedShare, ReceivedShareSpec } from '../api/index.ts';
import { regardingOf, type EventRecord } from '../kube/events.ts';
import { newsKinds, type News, type Side } from '../notify/kinds.ts';
import { newsOf, withdrawn } from '../notify/news.ts';
import { noticeOf, type Subject } from '../notify/notice.ts';
import type { Channel, Notifier } from '../notify/notifier.ts';
import { allMarks, nextTold, untold } from '../notify/told.ts';
import { types } from './cluster.ts';
import { roleOf } from './gather.ts';
import type { Operator } from './operator.ts';
import type { Received } from './received-share.ts';

/** What there is to tell of a request. */
export interface Telling {
  /** For the spec of the ReceivedShare; undefined: nothing is ever sent. */
  readonly told: ReceivedShareSpec['told'];
  readonly news: readonly News[];
  readonly channels: readonly Channel[];
  /** When to look again though nothing has changed (milliseconds since the epoch). */
  readonly dueAt: number | undefined;
}

const silence: Telling = { told: undefined, news: [], channels: [], dueAt: undefined };

/** Looks for news. `existing` is the ReceivedShare as the cache has it. */
export function tellingOf(operator: Operator, received: Received, existing: ReceivedShare | undefined): Telling {
  const { notify } = operator;
  if (notify === undefined) return silence;
  const { request, dataset, summary, conditions } = received;
  const channels = notify.channels({
    owner: dataset.spec.notify?.emails ?? [],
    requester: roleOf(operator, request)?.spec.notify?.emails ?? [],
  });
  // Settings that can't be read for now are no reason to forget who has heard what.
  if (channels === undefined) return { ...silence, told: existing?.spec.told };
  if (channels.length === 0) return silence;
  const requestUid = request.metadata.uid ?? '';
  const recorded = existing?.spec.told;
  const before = recorded?.requestUid === requestUid ? recorded.channels : undefined;
  const now = operator.clock.now();
  if (before !== undefined) notify.recorded(requestUid, before);
  const settled = notify.settled(requestUid);
  const told = new Set([...allMarks(before), ...[...settled.values()].flatMap((marks) => [...marks])]);
  const { news, dueAt } = newsOf({ summary, conditions, told, now });
  const isNew = existing === undefined || (recorded !== undefined && before === undefined);
  const names = channels.map(({ name }) => name);
  return {
    told: { requestUid, channels: nextTold({ before, isNew, channels: names, settled, news, now }) },
    news,
    channels,
    dueAt,
  };
}

/** Sends what the record of `object` does not have. */
export function tell(
  operator: Operator,
  received: Received,
  { object, telling }: { readonly object: ReceivedShare; readonly telling: Telling },
): void {
  const { notify } = operator;
  const { told } = object.spec;
  if (notify === undefined || told === undefined) return;
  const subject = subjectOf(operator, object, told.requestUid);
  // An Event lies where those whom it concerns may read it.
  const placeOf = ({ side }: Channel): EventRecord['regarding'] =>
    side === 'requester' ? regardingOf(types.request, received.request) : regardingOf(types.received, object);
  // While the record was written, messages may have arrived that it does not have.
  const settled = notify.settled(told.requestUid);
  for (const channel of telling.channels) {
    for (const news of untold(told.channels, channel.name, telling.news))
      if (hears(channel, news) && settled.get(channel.name)?.has(news.mark) !== true)
        hand(operator, notify, { channel, news, subject, regarding: placeOf(channel) });
  }
}

/** Tells that the request is gone. True when everybody has heard, or nobody has to: then its ReceivedShare may go. */
export function isFarewellTold(operator: Operator, object: ReceivedShare): boolean {
  const { notify, cluster } = operator;
  const { told, datasetRef } = object.spec;
  const dataset = cluster.datasets.store.get(`${object.metadata.namespace ?? ''}/${datasetRef.name}`);
  if (notify === undefined || told === undefined || dataset === undefined) return true;
  const channels = notify.channels({ owner: dataset.spec.notify?.emails ?? [], requester: [] }) ?? [];
  const settled = notify.settled(told.requestUid);
  const waiting = channels
    .filter((channel) => hears(channel, withdrawn))
    // Who never heard of the request need not hear that it is gone.
    .filter(({ name }) => told.channels.some((each) => each.channel === name && each.marks.length > 0))
    .filter(({ name }) => settled.get(name)?.has(withdrawn.mark) !== true);
  const subject = subjectOf(operator, object, told.requestUid);
  const regarding = regardingOf(types.received, object);
  for (const channel of waiting) hand(operator, notify, { channel, news: withdrawn, subject, regarding });
  if (waiting.length === 0) notify.forget(told.requestUid);
  return waiting.length === 0;
}

interface Handed {
  readonly channel: Channel;
  readonly news: News;
  readonly subject: Subject;
  /** Where it is said that nobody could be told. */
  readonly regarding: EventRecord['regarding'];
}

function hand({ events, clock }: Operator, notify: Notifier, { channel, news, subject, regarding }: Handed): void {
  const failed = (note: string): void =>
    events.record({ regarding, type: 'Warning', reason: 'NotificationFailed', action: 'Notify', note });
  const { namespace, name } = subject.request;
  const isNew = notify.tell({
    channel,
    notice: noticeOf(news, subject, clock.now()),
    requestKey: `${namespace}/${name}`,
    undelivered: (reason) => failed(`the message ${news.kind} to ${whom(channel)} could not be delivered: ${reason}`),
  });
  if (isNew && channel.refused.length > 0)
    failed(`mail may not go to ${channel.refused.join(', ')}: ask the platform team to add the domain, or use another address`);
}

function whom({ name, side }: Channel): string {
  return side === 'platform' ? name.replace(':', ' ') : `the ${side}`;
}

function hears({ side }: Channel, { kind }: News): boolean {
  const to: readonly Side[] = newsKinds[kind].to;
  return to.includes(side);
}

function subjectOf({ installation }: Operator, { metadata, spec }: ReceivedShare, uid: string): Subject {
  return {
    installation,
    request: { ...spec.requestRef, uid },
    dataset: { namespace: metadata.namespace ?? '', name: spec.datasetRef.name },
    principal: spec.principal?.arn,
  };
}
