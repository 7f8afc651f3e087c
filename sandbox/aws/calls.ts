/** The log of every call with counts by operation: what an auditor would see in CloudTrail, and what tests count. */

/** One finished call. */
export interface CallRecord {
  /** Milliseconds since the epoch, on the stand-in's clock. */
  readonly time: number;
  /** Account of the caller; empty for anonymous callers. */
  readonly account: string;
  /** ARN of the caller. */
  readonly caller: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  /** ARN that the call was about; empty where it was refused before that was known. */
  readonly resource: string;
  readonly readOnly: boolean;
  /** Whether it took effect: also true where the reply was lost or the client crashed afterwards. */
  readonly effective: boolean;
  /** AWS's error code, ECONNRESET or Crashed; absent for a call that succeeded. */
  readonly code?: string;
  readonly requestId: string;
}

/** The call log. */
export interface CallLog {
  add(record: CallRecord): void;
  /** All calls since the last reset, oldest first; at most the limit in the settings. */
  list(): readonly CallRecord[];
  /** Calls that were not read-only and took effect. */
  writes(): readonly CallRecord[];
  /** How often each operation was called, as "iam:CreateRole". Calls that the limit dropped are counted too. */
  counts(): Record<string, number>;
  /** Forgets calls and counts. */
  reset(): void;
}

/** Makes an empty log that keeps at most about `limit` calls. */
export function createCallLog(limit: number): CallLog {
  let records: CallRecord[] = [];
  const counts = new Map<string, number>();
  return {
    add: (record) => {
      // Half is dropped at once, so that dropping costs nothing per call.
      if (records.length >= limit) records = records.slice(Math.ceil(limit / 2));
      records.push(record);
      const name = `${record.service}:${record.operation}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    list: () => records,
    writes: () => records.filter((record) => !record.readOnly && record.effective),
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    reset: () => {
      records = [];
      counts.clear();
    },
  };
}
