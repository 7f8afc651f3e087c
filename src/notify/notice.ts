/** A piece of news with everything that a message about it says. Data only; how it looks is text.ts and cloud-event.ts. */
import { nameHash } from '../policy/name-hash.ts';
import { isoTime } from '../shares/consent-record.ts';
import { newsKinds, type News } from './kinds.ts';

/** Which request it is about. */
export interface Subject {
  readonly installation: string;
  readonly request: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly dataset: { readonly namespace: string; readonly name: string };
  /** ARN; undefined while it is not known. */
  readonly principal: string | undefined;
}

/** What is sent, whatever the channel. */
export interface Notice {
  /** The same whenever and by whomever it is derived; receivers know a repetition by it. */
  readonly id: string;
  readonly news: News;
  readonly subject: Subject;
  /** The namespace that did it, or `sluice`: Kubernetes does not tell which person. */
  readonly who: string;
  /** RFC 3339. */
  readonly time: string;
}

/** Makes a notice; `now` (milliseconds) stands for the time where no record has one. */
export function noticeOf(news: News, subject: Subject, now: number): Notice {
  const { by } = newsKinds[news.kind];
  const actors = { owner: subject.dataset.namespace, requester: subject.request.namespace, operator: 'sluice' };
  return {
    id: nameHash(26, subject.request.uid, news.mark),
    news,
    subject,
    who: actors[by],
    time: news.time === undefined || news.time === '' ? isoTime(now) : news.time,
  };
}
