/** Short words of tables: ages, days, verdicts of conditions, names of objects. Pure. */
import type { Condition } from '../api/index.ts';
import { styled, type Cell, type Style } from './text.ts';

/** Anything with conditions. */
export interface Judged {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
}

/** The condition of this type. */
export function conditionOf(object: Judged, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** `True`, `False`, `Unknown` in the colour of what it means; empty where there is none. */
export function verdict(object: Judged, type: string): Cell {
  const status = conditionOf(object, type)?.status;
  if (status === undefined) return '';
  return styled(status === 'True' ? 'good' : status === 'False' ? 'bad' : 'busy', status);
}

/** Colour of phases: what goes on by itself, what is done, what failed. */
export function phaseCell(phase: string | undefined): Cell {
  return phase === undefined ? '' : styled(phaseStyle(phase), phase);
}

function phaseStyle(phase: string): Style {
  if (/Failed$|Rejected$/.test(phase)) return 'bad';
  if (phase === 'ShareSucceeded' || phase === 'Processed') return 'good';
  if (phase === 'RevokeSucceeded' || phase === 'Revoked' || phase === 'Draft') return 'faint';
  return 'busy';
}

/** Health in its colour. */
export function healthCell(health: string | undefined): Cell {
  if (health === undefined) return '';
  return styled(health === 'Healthy' ? 'good' : health === 'Unhealthy' ? 'bad' : 'busy', health);
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
] as const;

/** Cells of a line two spaces apart; empty ones take no room. */
export function spaced(...cells: readonly Cell[]): Cell[] {
  const shown = cells.filter((cell) => (typeof cell === 'string' ? cell : cell.text) !== '');
  return shown.flatMap((cell, index) => (index === 0 ? [cell] : ['  ', cell]));
}

/** How long ago, in kubectl's manner: 5s, 3m, 7h, 12d. */
export function age(time: string | undefined, now: number): string {
  if (time === undefined) return '';
  const passed = Math.max(0, now - Date.parse(time));
  const unit = units.find(({ ms }) => passed >= 2 * ms);
  return unit === undefined ? `${String(Math.floor(passed / 1000))}s` : `${String(Math.floor(passed / unit.ms))}${unit.name}`;
}

/** An end as tables show it: the time to the minute in UTC, or that there is none. */
export function end(time: string | undefined): string {
  return time === undefined ? 'no end' : time.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, 'Z');
}

/** `team-sales/orders`, or the name alone of what has no namespace. */
export function nameOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** `1 item`, `2 items`. */
export function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
