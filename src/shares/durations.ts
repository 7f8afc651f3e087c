/**
 * Durations in manifests (`24h`, `2160h`, `30m`, `1h30m`): Go's form, as all of Kubernetes writes them.
 */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3600_000 };

/** Milliseconds of a duration; undefined where there is none or the text is none. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
}
