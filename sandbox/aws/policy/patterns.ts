/** Wildcards and policy variables in actions, resources and condition values (IAM User Guide, reference_policies_elements_resource, …_variables). */

/** Looks up a condition key (lower case); undefined when the request does not have it. */
export type KeyLookup = (key: string) => readonly string[] | undefined;

/** Compares a text with a pattern whose variables are filled from the request. */
export type Matcher = (text: string, keys: KeyLookup) => boolean;

const VARIABLE = /\$\{([^}]+)\}/g;

/** How a pattern is read: wildcards or none, variables (policy version 2012-10-17) or none, with or without regard to case. */
export interface PatternOptions {
  readonly wildcards: boolean;
  readonly variables: boolean;
  readonly ignoreCase?: boolean;
}

/** Compiles a pattern once; patterns without variables become one regular expression. */
export function compilePattern(pattern: string, options: PatternOptions): Matcher {
  const hasVariables = options.variables && pattern.includes('${');
  const flags = options.ignoreCase ? 'is' : 's';
  if (hasVariables) return (text, keys) => fillAndTest(pattern, options, { text, keys, flags });
  if (!options.wildcards || !/[*?]/.test(pattern)) {
    const wanted = options.ignoreCase ? pattern.toLowerCase() : pattern;
    return (text) => (options.ignoreCase ? text.toLowerCase() : text) === wanted;
  }
  if (/^\*+$/.test(pattern)) return () => true;
  const regexp = new RegExp(`^${globSource(pattern)}$`, flags);
  return (text) => regexp.test(text);
}

const escapeSource = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
const globSource = (pattern: string): string =>
  pattern.replaceAll(/[*?]|[^*?]+/g, (part) => (part === '*' ? '.*' : part === '?' ? '.' : escapeSource(part)));

interface Subject {
  readonly text: string;
  readonly keys: KeyLookup;
  readonly flags: string;
}

function fillAndTest(pattern: string, options: PatternOptions, { text, keys, flags }: Subject): boolean {
  const source = filledSource(pattern, options.wildcards, keys);
  return source !== undefined && new RegExp(`^${source}$`, flags).test(text);
}

// A variable's value is text, never a wildcard; a key that the request does not have makes the whole pattern match nothing.
function filledSource(pattern: string, wildcards: boolean, keys: KeyLookup): string | undefined {
  const literal = wildcards ? globSource : escapeSource;
  let source = '';
  let at = 0;
  for (const match of pattern.matchAll(VARIABLE)) {
    const value = variableValue(match[1] ?? '', keys);
    if (value === undefined) return undefined;
    source += literal(pattern.slice(at, match.index)) + escapeSource(value);
    at = match.index + match[0].length;
  }
  return source + literal(pattern.slice(at));
}

function variableValue(expression: string, keys: KeyLookup): string | undefined {
  if (expression === '*' || expression === '?' || expression === '$') return expression;
  const [, name = '', fallback] = /^([^,]+?)\s*(?:,\s*'([^']*)')?$/.exec(expression.trim()) ?? [];
  return keys(name.toLowerCase())?.[0] ?? fallback;
}

/**
 * Compiles an ARN pattern. Wildcards stay within their segment, except in the last one; missing segments count as `*`
 * (reference_policies_elements_resource: "AWS automatically completes the ARN by adding wildcard characters").
 */
export function compileArn(pattern: string, variables: boolean): Matcher {
  if (pattern === '*') return () => true;
  const wanted = splitArn(pattern).map((segment) => compilePattern(segment, { wildcards: true, variables }));
  return (text, keys) => {
    const segments = splitArn(text);
    return wanted.every((matches, index) => matches(segments[index] ?? '', keys));
  };
}

// Colons inside ${…} belong to the variable.
function splitArn(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length && out.length < 5; i++) {
    const char = text[i];
    if (char === '{' && text[i - 1] === '$') depth += 1;
    else if (char === '}' && depth > 0) depth -= 1;
    else if (char === ':' && depth === 0) {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  out.push(text.slice(start));
  return out;
}
