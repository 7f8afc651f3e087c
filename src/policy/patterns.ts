/**
 * Texts with wildcards and policy variables, compared as sets: does a pattern of a policy hold of every text that a request may carry, of none, or of
 * some? A request's own text may be a pattern too («any object of the bucket»).
 */
import { some, type Truth } from './truth.ts';

/** A set of texts: single characters and wildcards, in order. */
export type Pattern = readonly string[];

/**
 * What is known of a condition key, in lower case: every list of values that it may have in the requests that are asked about; an empty list means that the key
 * is absent. Undefined: nothing is known.
 */
export type KnownKeys = (key: string) => readonly (readonly Pattern[])[] | undefined;

/** A comparison with a pattern of a policy: true where it covers all texts of the subject, false where it has none in common with it. */
export type Matcher = (subject: Pattern, keys: KnownKeys) => Truth;

/** How a text of a policy is read. */
export interface PatternOptions {
  readonly wildcards: boolean;
  /** Policy variables and the escapes `${*}`, `${?}`, `${$}`: documents of version 2012-10-17 only. */
  readonly variables: boolean;
  readonly ignoreCase?: boolean;
}

/** Wildcards have names longer than any character, so that no text of a policy can be taken for one. */
const anyText = 'anyText';
const anyCharacter = 'anyCharacter';

/** Exactly this text. */
export function literal(text: string): Pattern {
  return [...text];
}

/** All texts that `*` and `?` stand for; `${*}`, `${?}` and `${$}` are the characters themselves. */
export function glob(text: string): Pattern {
  return compileText(text, { wildcards: true, variables: true }).flatMap((part) =>
    typeof part === 'string' ? [part] : [anyText],
  );
}

/** The only text of a pattern; undefined where it has several. */
export function onlyText(pattern: Pattern): string | undefined {
  return pattern.includes(anyText) || pattern.includes(anyCharacter) ? undefined : pattern.join('');
}

/** Reads a text of a policy once, to be compared with many. */
export function compilePattern(text: string, options: PatternOptions): Matcher {
  const parts = compileText(text, options);
  const fixed = parts.every((part) => typeof part === 'string') ? parts : undefined;
  const fold = (pattern: Pattern): Pattern =>
    options.ignoreCase === true ? pattern.map((token) => (isWildcard(token) ? token : token.toLowerCase())) : pattern;
  const folded = fixed === undefined ? undefined : fold(fixed);
  return (subject, keys) => {
    if (folded !== undefined) return compare(folded, fold(subject));
    const pattern = filled(parts, keys);
    return pattern === undefined ? 'unknown' : compare(fold(pattern), fold(subject));
  };
}

/**
 * The same for ARNs: each of the six parts is compared by itself, so that a wildcard never spans a colon but in the last
 * (docs/IAM/latest/UserGuide/reference_policies_elements_condition_operators.md, "ARN condition operators"). What AWS makes of an ARN that lacks parts depends
 * on the kind of policy, so that is never certain.
 */
export function compileArn(text: string, variables: boolean): Matcher {
  if (text === '*') return () => true;
  const tokens = variables ? variablesAsOne(text) : [...text];
  const wanted = arnParts(tokens).map((part) => compilePattern(part.join(''), { wildcards: true, variables }));
  return (subject, keys) => {
    const found = arnParts(subject);
    if (found.length < 6) return 'unknown';
    const truths = wanted.map((matches, index) => matches(found[index] ?? [], keys));
    if (truths.includes(false)) return false;
    return truths.includes('unknown') || wanted.length < 6 ? 'unknown' : true;
  };
}

/** Whether any of the matchers holds. */
export function anyMatch(matchers: readonly Matcher[], subject: Pattern, keys: KnownKeys): Truth {
  return some(matchers, (matches) => matches(subject, keys));
}

// — reading —

interface Variable {
  /** In lower case: names of keys have no case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

type Part = string | Variable;

function compileText(text: string, { wildcards, variables }: PatternOptions): Part[] {
  return (variables ? variablesAsOne(text) : [...text]).map((token): Part => {
    if (wildcards && token === '*') return anyText;
    if (wildcards && token === '?') return anyCharacter;
    if (!token.startsWith('${')) return token;
    const inner = token.slice(2, -1);
    if (inner === '*' || inner === '?' || inner === '$') return inner;
    const [, key = inner, fallback] = /^([^,]+?)\s*(?:,\s*'([^']*)')?$/.exec(inner.trim()) ?? [];
    return { key: key.toLowerCase(), fallback };
  });
}

/** The characters of a text, each variable as one. */
function variablesAsOne(text: string): string[] {
  return text.match(/\$\{[^}]*\}|./gsu) ?? [];
}

function arnParts(tokens: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const token of tokens) {
    if (token === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/**
 * The pattern with the values of its variables; undefined where one is not known, or the key is absent: what AWS makes of that the guide leaves open, saying that
 * the value equals nothing and also that the statement may be invalid (docs/IAM/latest/UserGuide/reference_policies_variables.md).
 */
function filled(parts: readonly Part[], keys: KnownKeys): Pattern | undefined {
  const pattern: string[] = [];
  for (const part of parts) {
    const tokens = typeof part === 'string' ? [part] : valueOf(part, keys);
    if (tokens === undefined) return undefined;
    pattern.push(...tokens);
  }
  return pattern;
}

function valueOf({ key, fallback }: Variable, keys: KnownKeys): Pattern | undefined {
  const known = keys(key);
  const [values] = known ?? [];
  if (known?.length !== 1 || values === undefined || values.length > 1) return undefined;
  const [value] = values;
  if (value === undefined) return fallback === undefined ? undefined : literal(fallback);
  return onlyText(value) === undefined ? undefined : value;
}

// — comparing —

function isWildcard(token: string): boolean {
  return token === anyText || token === anyCharacter;
}

function compare(wide: Pattern, narrow: Pattern): Truth {
  if (covers(wide, narrow)) return true;
  return overlaps(wide, narrow) ? 'unknown' : false;
}

/**
 * Whether all texts of `narrow` are texts of `wide`: its wildcards are taken for characters that only a wildcard of `wide` equals. That misses pairs such as
 * `?*` and `*?`, which are then called overlapping, never the other way round.
 */
function covers(wide: Pattern, narrow: Pattern): boolean {
  let [at, next] = [0, 0];
  let [star, resume] = [-1, 0];
  while (next < narrow.length) {
    const token = wide[at];
    if (token === anyText) {
      star = at++;
      resume = next;
    } else if (token !== undefined && (token === narrow[next] || (token === anyCharacter && narrow[next] !== anyText))) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++resume;
    } else return false;
  }
  return wide.slice(at).every((token) => token === anyText);
}

/** Whether some text is in both: walks both at once, keeping every place of `right` that can be reached. */
function overlaps(left: Pattern, right: Pattern): boolean {
  let reached = closure(new Set([0]), right);
  for (const token of left) {
    const next = new Set<number>();
    if (token === anyText) {
      for (let index = Math.min(...reached); index <= right.length; index++) next.add(index);
    } else {
      for (const index of reached) {
        const other = right[index];
        if (other === anyText) next.add(index);
        else if (other !== undefined && (other === token || other === anyCharacter || token === anyCharacter))
          next.add(index + 1);
      }
    }
    if (next.size === 0) return false;
    reached = closure(next, right);
  }
  return reached.has(right.length);
}

/** A wildcard for any text may stand for none. */
function closure(places: ReadonlySet<number>, pattern: Pattern): Set<number> {
  const all = new Set(places);
  for (const place of all) if (pattern[place] === anyText) all.add(place + 1);
  return all;
}
