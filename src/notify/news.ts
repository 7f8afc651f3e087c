/**
 * What there is to be told of a request, from its records as they are now. Pure, and level-based: everything that holds is news, and who was told of it already
 * hears nothing (told.ts). So neither a crash nor a missed change loses anything, and nothing is told twice because something was computed twice.
 */
import type { Condition, Consent } from '../api/index.ts';
import { earliest } from '../earliest.ts';
import type { RequestItem, RequestSummary } from '../shares/request-report.ts';
import type { News, NewsKind } from './kinds.ts';
import { remindersOf } from './reminders.ts';

/** What news is found in. */
export interface NewsInput {
  readonly summary: RequestSummary;
  /** The request's conditions with their times. */
  readonly conditions: readonly Condition[];
  /** Marks of what somebody was told before: an answer is news to those who heard the question. */
  readonly told: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** News, and when to look again though nothing has changed (milliseconds since the epoch). */
export interface NewsNow {
  readonly news: readonly News[];
  readonly dueAt: number | undefined;
}

/** Drift is told when it has lasted this long: most of it is repaired in the run that finds it. */
export const patienceMs = 60_000;

/** All that holds now, at most {@link newsLimit}. A request that is being deleted has one piece of news, when it is gone: {@link withdrawn}. */
export function newsOf(input: NewsInput): NewsNow {
  const { request, items } = input.summary;
  if (request.metadata.deletionTimestamp !== undefined) return { news: [], dueAt: undefined };
  const reminders = remindersOf(items, input.now);
  const health = healthNews(input);
  const news = [
    ...submitted(input),
    ...approved(items),
    ...rejected(input),
    ...succeeded(items),
    ...failed(input),
    ...ended(input),
    ...extension(input),
    ...health.news,
    ...reminders.news,
  ];
  return { news: news.slice(-newsLimit), dueAt: earliest([health.dueAt, reminders.dueAt]) };
}

/** More than holds of any request that is not made for it. */
export const newsLimit = 16;

/** That a request is gone, and with it all that it gave. */
export const withdrawn: News = {
  kind: 'Withdrawn',
  mark: 'Withdrawn',
  items: [],
  message: 'the request was deleted, and everything that was shared for it was taken back',
};

// — the way to a share —

/** What waits for the owner. Changing the request asks again; so does an end after which it waits anew. */
function submitted({ summary }: NewsInput): News[] {
  const waiting = summary.items.filter(({ report }) => report.phase === 'PendingApproval').filter(isPending);
  if (summary.request.spec.state === 'Draft' || waiting.length === 0) return [];
  const ends = waiting.map(({ decision }) => decision.consent?.ended?.time ?? '');
  const mark = ['Submitted', String(summary.request.metadata.generation ?? 0), latest(ends)];
  const { purpose } = summary.request.spec;
  return [about('Submitted', mark, waiting, { message: purpose === undefined ? '' : `purpose: ${purpose}` })];
}

/** By what granted them: one approval is told once, however many items it names. */
function approved(items: readonly RequestItem[]): News[] {
  const granted = items.filter((item) => liveConsent(item) !== undefined);
  return [...groupBy(granted, (item) => grantOf(item.decision.consent))].map(([grant, some]) => {
    const consents = some.map(({ decision }) => decision.consent);
    const expireTime = latest(consents.map((consent) => consent?.expireTime ?? ''));
    const message = some.some(({ decision }) => decision.consent?.source === 'Automatic')
      ? "approved by the Dataset's own rules"
      : `approved by ShareApproval ${consents[0]?.approvalRef?.name ?? ''}`;
    return about('Approved', ['Approved', grant], some, {
      message,
      time: latest(consents.map((consent) => consent?.grantedTime ?? '')),
      ...(expireTime === '' ? {} : { expireTime }),
    });
  });
}

/** Nothing was shared: what is taken back by a rejection is told as that. */
function rejected({ summary }: NewsInput): News[] {
  const refused = summary.items.filter(
    ({ decision }) => decision.situation.kind === 'rejected' && decision.consent?.ended === undefined,
  );
  if (refused.length === 0) return [];
  const by = summary.approvals
    .filter(({ spec }) => spec.decision === 'Rejected')
    .map(({ metadata }) => `${metadata.uid ?? ''}.${String(metadata.generation ?? 0)}`)
    .toSorted();
  const [first] = refused;
  const message = first?.decision.situation.kind === 'rejected' ? first.decision.situation.message : '';
  return [about('Rejected', ['Rejected', by.at(-1) ?? ''], refused, { message })];
}

/** All that was consented to has been read back, as the records say; drift since then is another matter. */
function succeeded(items: readonly RequestItem[]): News[] {
  const granted = items.filter((item) => liveConsent(item) !== undefined);
  const places = granted.flatMap(({ decision }) => decision.resolved);
  if (granted.length === 0 || granted.some(({ decision }) => decision.resolved.length === 0)) return [];
  if (!places.every(({ state }) => state === 'Live')) return [];
  const grants = [...new Set(granted.map(({ decision }) => grantOf(decision.consent)))].toSorted();
  const time = latest(granted.map(({ decision }) => decision.consent?.grantedTime ?? ''));
  const message = 'access is in place and was read back from AWS';
  return [about('Succeeded', ['Succeeded', String(grants.length), grants.at(-1) ?? ''], granted, { message, time })];
}

/** Once for each reason, until the request has been Ready again. */
function failed({ summary, conditions }: NewsInput): News[] {
  const bad = summary.items.filter(({ report }) => report.phase === 'ShareFailed' || report.phase === 'RevokeFailed');
  if (bad.length === 0) return [];
  const ready = bad[0]?.report.conditions.find(({ type }) => type === 'Ready');
  const since = conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  return [about('Failed', ['Failed', ready?.reason ?? '', since], bad, { message: ready?.message ?? '' })];
}

// — ends —

/** What the requester took out of the request himself is no news to anybody. */
function ended({ summary }: NewsInput): News[] {
  const asked = new Set(summary.request.spec.items.map(({ type, name }) => `${type}/${name}`));
  const over = summary.items
    .filter(({ item }) => asked.has(`${item.spec.type}/${item.spec.name}`))
    .filter(({ decision }) => decision.consent?.ended !== undefined);
  return [...groupBy(over, (item) => endOf(item.decision.consent))].map(([end, some]) => {
    const consent = some[0]?.decision.consent;
    const kind = consent?.ended?.reason === 'Expired' ? 'Expired' : 'Revoked';
    const message = endMessages[consent?.ended?.reason ?? 'Withdrawn'];
    return about(kind, [kind, end], some, {
      message,
      time: latest(some.map((each) => each.decision.consent?.ended?.time ?? '')),
    });
  });
}

const endMessages: Readonly<Record<NonNullable<Consent['ended']>['reason'], string>> = {
  Withdrawn: 'the owner withdrew consent; access is taken back',
  Rejected: 'the owner rejected the share; access is taken back',
  Removed: 'the item is no longer offered; access is taken back',
  Expired: 'the share has expired; access is taken back',
  PrincipalRecreated: 'the principal was deleted and created again; access is taken back until the owner consents to the new one',
  ClaimLost: 'no claim of the Environment covers the data or the principal any more; access is taken back',
};

/** The question with the end that was agreed on so far, by which the answer is recognised: a later end is a yes, an earlier question none at all. */
function extension({ summary, told }: NewsInput): News[] {
  const at = (answer: 'Pending' | 'Rejected'): readonly RequestItem[] =>
    summary.items.filter(({ decision: { situation } }) => situation.kind === 'granted' && situation.extension === answer);
  const generation = String(summary.request.metadata.generation ?? 0);
  const endsAt = (items: readonly RequestItem[]): string =>
    latest(items.map(({ decision }) => decision.consent?.expireTime ?? ''));
  const [pending, refused] = [at('Pending'), at('Rejected')];
  if (pending.length > 0) {
    const expireTime = endsAt(pending);
    const message = 'a later end is asked for; access goes on until the end that was approved';
    return [about('ExtensionRequested', ['ExtensionRequested', expireTime, generation], pending, { message, expireTime })];
  }
  if (refused.length > 0) {
    const expireTime = endsAt(refused);
    const message = 'the later end was rejected; access ends as approved';
    return [about('ExtensionRejected', ['ExtensionRejected', expireTime, generation], refused, { message, expireTime })];
  }
  const live = summary.items.filter((item) => liveConsent(item) !== undefined);
  const expireTime = endsAt(live);
  const asked = [...told].filter((mark) => mark.startsWith('ExtensionRequested/')).at(-1);
  const [, before = ''] = asked?.split('/') ?? [];
  if (asked === undefined || live.length === 0 || expireTime <= before) return [];
  return [about('ExtensionApproved', ['ExtensionApproved', before], live, { message: 'the later end was approved', expireTime })];
}

// — health —

/** That all is well is news to those only who heard of the trouble. */
function healthNews({ summary, conditions, told, now }: NewsInput): NewsNow {
  const healthy = conditions.find(({ type }) => type === 'Healthy');
  if (healthy?.status === 'True') {
    const heard = [...told].filter((mark) => mark.startsWith('Unhealthy/')).at(-1);
    if (heard === undefined) return { news: [], dueAt: undefined };
    const mark = ['Repaired', heard.slice('Unhealthy/'.length)];
    return { news: [about('Repaired', mark, summary.items, { message: healthy.message })], dueAt: undefined };
  }
  // A share that could not be granted is told as that.
  if (healthy?.status !== 'False' || summary.counts.failed > 0) return { news: [], dueAt: undefined };
  const tellAt = Date.parse(healthy.lastTransitionTime) + patienceMs;
  if (now < tellAt) return { news: [], dueAt: tellAt };
  const ill = summary.items.filter(({ report }) =>
    report.conditions.some(({ type, status }) => type === 'Healthy' && status === 'False'),
  );
  const { message, lastTransitionTime: time } = healthy;
  return { news: [about('Unhealthy', ['Unhealthy', time], ill, { message, time })], dueAt: undefined };
}

// — small helpers —

function about(kind: NewsKind, mark: readonly string[], items: readonly RequestItem[], rest: Partial<News>): News {
  return { kind, message: '', ...rest, mark: mark.join('/').slice(0, 128), items: items.map(labelOf) };
}

function labelOf({ item }: RequestItem): string {
  return `${item.spec.type} ${item.spec.name}`;
}

function isPending({ decision }: RequestItem): boolean {
  return decision.situation.kind === 'pending';
}

function liveConsent({ decision }: RequestItem): Consent | undefined {
  const { consent } = decision;
  return consent === undefined || consent.ended !== undefined ? undefined : consent;
}

/** Which word of the owner's a consent rests on, and for which question. The approval's own generation also counts what grants nothing. */
function grantOf(consent: Consent | undefined): string {
  const by = consent?.source === 'Approval' ? (consent.approvalRef?.uid ?? '') : 'Automatic';
  return `${by}/${String(consent?.requestGeneration ?? 0)}/${[...(consent?.permissions ?? [])].map((each) => each.charAt(0)).join('')}`;
}

/** An end by the same cause of what one word had granted is one piece of news, though the items end one after the other. */
function endOf(consent: Consent | undefined): string {
  const which = consent?.ended?.reason === 'Expired' ? (consent.expireTime ?? '') : grantOf(consent);
  return `${consent?.ended?.reason ?? ''}/${which}`;
}

function groupBy(items: readonly RequestItem[], keyOf: (item: RequestItem) => string): Map<string, RequestItem[]> {
  return Map.groupBy(items, keyOf);
}

/** The last of some times; all are in whole seconds UTC, which sort as text. */
function latest(times: readonly string[]): string {
  return times.toSorted().at(-1) ?? '';
}
