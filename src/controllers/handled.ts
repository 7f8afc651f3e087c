/** Annotations that ask for a verification or a re-apply of all items of a request or of a Dataset, and when they are answered: when each item has answered. */
import type { ShareItem } from '../api/index.ts';
import { annotations, type Operator } from './operator.ts';

interface Handled {
  readonly lastHandledVerifyAt?: string;
  readonly lastHandledReapplyAt?: string;
}

/** The object that carries the annotations, with what its status says so far. */
export interface Asking {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: Handled;
}

/** What the status should say: the value of an annotation once all items have answered it, else what it said before. */
export function handledAnnotations({ memory }: Operator, object: Asking, items: readonly ShareItem[]): Handled {
  const known = items.map((item) => memory.items.get(item.metadata.uid ?? ''));
  const verify = object.metadata.annotations?.[annotations.verify];
  const reapply = object.metadata.annotations?.[annotations.reapply];
  const verified = verify !== undefined && known.every((each) => each !== undefined && each.handledVerify >= verify);
  const reapplied = reapply !== undefined && known.every((each) => each !== undefined && each.handledReapply >= reapply);
  const lastHandledVerifyAt = verified ? verify : object.status?.lastHandledVerifyAt;
  const lastHandledReapplyAt = reapplied ? reapply : object.status?.lastHandledReapplyAt;
  return {
    ...(lastHandledVerifyAt === undefined ? {} : { lastHandledVerifyAt }),
    ...(lastHandledReapplyAt === undefined ? {} : { lastHandledReapplyAt }),
  };
}
