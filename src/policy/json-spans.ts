/**
 * Where the statements of a policy document begin and end in its text, so that other people's statements can be written back byte for byte.
 * Not a JSON parser: it takes text that JSON.parse has accepted, and only finds positions.
 */

/** A half-open range of characters of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One member of an object: its name and where its value is. */
export interface Member {
  readonly name: string;
  readonly value: Span;
}

/** The members of the object that begins at or after `start`, in the order of the text, duplicates included. */
export function objectMembers(text: string, start = 0): Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, skipSpace(text, start) + 1);
  while (text[at] !== '}') {
    const nameEnd = valueEnd(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = valueEnd(text, valueStart);
    members.push({ name, value: { start: valueStart, end } });
    at = skipComma(text, end);
  }
  return members;
}

/** The elements of the array that begins at `start`. */
export function arrayElements(text: string, start: number): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== ']') {
    const end = valueEnd(text, at);
    elements.push({ start: at, end });
    at = skipComma(text, end);
  }
  return elements;
}

function skipComma(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === ',' ? skipSpace(text, next + 1) : next;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (next < text.length && ' \t\n\r'.includes(text.charAt(next))) next++;
  return next;
}

function valueEnd(text: string, start: number): number {
  const first = text.charAt(start);
  if (first === '"') return stringEnd(text, start);
  if (first === '{' || first === '[') return nestedEnd(text, start);
  let at = start;
  while (at < text.length && !',]} \t\n\r'.includes(text.charAt(at))) at++;
  return at;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function nestedEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (char === '{' || char === '[') depth++;
    if (char === '}' || char === ']') depth--;
    at++;
    if (depth === 0) return at;
  }
  return at;
}
