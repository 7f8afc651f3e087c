/**
 * What a case of the contract suite is: one sentence about AWS that Sluice depends on, with the page of AWS's guide that says so, what AWS
 * answers, and how to ask. Cases know neither the stand-in nor moto: they are given a lab (lab.ts) with real SDK clients.
 */
import type { Lab } from './lab.ts';

/** What was observed, as plain data: error codes, and facts that don't depend on names and account numbers. */
export type Observation = string | number | boolean | null | readonly Observation[] | { readonly [name: string]: Observation };

/** The services that the suite covers. */
export type ServiceName = 'S3' | 'S3 Control' | 'IAM' | 'KMS' | 'STS';

/** Looks at what the case has set up. It may be called again until the answer has settled, so it must be repeatable. */
export type Look = () => Promise<Observation>;

/** One statement about AWS. */
export interface ContractCase {
  readonly service: ServiceName;
  /** A full sentence, unique in the suite: differences.ts refers to it. */
  readonly sentence: string;
  /** Page of AWS's documentation that decides when implementations disagree, below docs.aws.amazon.com, without ".html". */
  readonly guide: string;
  /** What AWS answers. */
  readonly aws: Observation;
  /** Sets the stage and returns the look. Everything it makes, it makes through the lab, which removes it again. */
  readonly given: (lab: Lab) => Promise<Look>;
}

/**
 * What an AWS call answered: "OK", or the error's code as the SDK names it.
 * @throws whatever is no answer of AWS's: a broken connection, a reply that can't be read.
 */
export async function answerOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof Error && '$fault' in error) return error.name;
    throw error;
  }
}

/** As {@link answerOf}, where AWS's documentation names no code: "OK" or "refused" (any 4xx). */
export async function acceptedOrRefused(call: Promise<unknown>): Promise<'OK' | 'refused'> {
  return (await answerOf(call)) === 'OK' ? 'OK' : 'refused';
}

/** A policy document of these statements. */
export const documentOf = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

/**
 * A document of exactly `length` characters, none of them white space: `make` is given a list of values of which the document holds every one.
 * `start` is what each value begins with.
 */
export function documentOfLength(length: number, start: string, make: (values: readonly string[]) => string): string {
  const longest = 900;
  const values = [start];
  while (make([...values, start]).length + longest < length) values.push(start.padEnd(longest, 'x'));
  const missing = length - make([...values, start]).length;
  return make([...values, `${start}${'x'.repeat(missing)}`]);
}

/** True when two policy documents say the same, whatever the order of keys. */
export function sameDocument(one: string | undefined, other: string): boolean {
  return one !== undefined && canonical(JSON.parse(one)) === canonical(JSON.parse(other));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
}
