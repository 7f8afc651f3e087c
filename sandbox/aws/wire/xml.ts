/**
 * XML by shape, both ways, for restXml and awsQuery. The reader is small on purpose: elements, attributes, text, CDATA, comments and the
 * five entities; no DTDs, so no entity expansion.
 */
import { scalarFromText, scalarToText } from './scalar.ts';
import type { Shape, StructShape } from './shape.ts';

/** An element of a parsed document. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Thrown where a body is no well-formed XML; services answer MalformedXML. */
export class XmlSyntaxError extends Error {}

type Open = { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string };

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>]+)((?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;

/** Parses a document and returns its root element. Name prefixes are cut off: AWS's names are unambiguous without them. */
export function parseXml(text: string): XmlElement {
  const stack: Open[] = [{ name: '', attributes: {}, children: [], text: '' }];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) throw new XmlSyntaxError('The XML is not well-formed.');
    takeToken(stack, match);
  }
  const root = stack[0]?.children[0];
  if (stack.length !== 1 || !root) throw new XmlSyntaxError('The XML has no complete root element.');
  return root;
}

function takeToken(stack: Open[], match: RegExpExecArray): void {
  const [, cdata, slash, name, attributes, empty, text] = match;
  const top = stack.at(-1);
  if (!top) throw new XmlSyntaxError('The XML closes more elements than it opens.');
  if (cdata !== undefined) top.text += cdata;
  else if (text !== undefined) top.text += unescapeXml(text);
  else if (name !== undefined && slash === '/') closeElement(stack, localName(name));
  else if (name !== undefined) {
    const element: Open = { name: localName(name), attributes: readAttributes(attributes ?? ''), children: [], text: '' };
    if (empty === '/') top.children.push(element);
    else stack.push(element);
  }
}

function closeElement(stack: Open[], name: string): void {
  const closed = stack.pop();
  const parent = stack.at(-1);
  if (!closed || !parent || closed.name !== name) throw new XmlSyntaxError(`The XML closes ${name} where it is not open.`);
  parent.children.push(closed);
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function readAttributes(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (name !== undefined) out[name] = unescapeXml(double ?? single ?? '');
  }
  return out;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name ?? ''] ?? whole;
  });
}

/** Escapes text for an element or an attribute. Line ends are written as references, or the reader would normalise them away. */
export function escapeXml(text: string): string {
  if (!/[<>&"'\r\n]/.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;')
    .replaceAll('\n', '&#xA;');
}

/** Reads a value of `shape` from an element. */
export function xmlToValue(shape: Shape, element: XmlElement): unknown {
  switch (shape.kind) {
    case 'struct':
      return xmlToStruct(shape, element);
    case 'list':
      return element.children.filter((child) => child.name === shape.element).map((child) => xmlToValue(shape.item, child));
    case 'map':
      return xmlToMap(shape, element.children);
    default:
      return scalarFromText(shape, element.text);
  }
}

function xmlToStruct(shape: StructShape, element: XmlElement): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of shape.members) {
    const name = member.own.xmlName ?? member.name;
    if (member.own.xmlAttribute) {
      const value = element.attributes[name];
      if (value !== undefined) out[member.name] = value;
      continue;
    }
    const found = element.children.filter((child) => child.name === name);
    const first = found[0];
    if (!first) continue;
    const flat = (member.shape.kind === 'list' || member.shape.kind === 'map') && member.shape.flat;
    if (flat && member.shape.kind === 'list') {
      const item = member.shape.item;
      out[member.name] = found.map((child) => xmlToValue(item, child));
    } else if (flat && member.shape.kind === 'map') out[member.name] = xmlToMap(member.shape, found);
    else out[member.name] = xmlToValue(member.shape, first);
  }
  return out;
}

function xmlToMap(shape: Shape & { kind: 'map' }, entries: readonly XmlElement[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const entry of entries) {
    const key = entry.children.find((child) => child.name === shape.keyName);
    const value = entry.children.find((child) => child.name === shape.valueName);
    if (key && value) out[key.text] = xmlToValue(shape.value, value);
  }
  return out;
}

/** Writes one element. */
export function valueToXml(name: string, shape: Shape, value: unknown, attributes = ''): string {
  switch (shape.kind) {
    case 'struct': {
      const fields = value as Record<string, unknown>;
      return `<${name}${attributes}${structAttributes(shape, fields)}>${structToXml(shape, fields)}</${name}>`;
    }
    case 'list':
      return `<${name}${attributes}>${(value as unknown[]).map((item) => valueToXml(shape.element, shape.item, item)).join('')}</${name}>`;
    case 'map':
      return `<${name}${attributes}>${mapToXml('entry', shape, value as Record<string, unknown>)}</${name}>`;
    default:
      return `<${name}${attributes}>${escapeXml(scalarToText(shape, value, 'date-time'))}</${name}>`;
  }
}

const XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

function structAttributes(shape: StructShape, value: Record<string, unknown>): string {
  let out = '';
  for (const member of shape.members) {
    const found = value[member.name];
    if (!member.own.xmlAttribute || typeof found !== 'string') continue;
    out += `${XSI} ${member.own.xmlName ?? member.name}="${escapeXml(found)}"`;
  }
  return out;
}

/** Writes the members of a structure, without an element around them. Members bound to headers are left out. */
export function structToXml(shape: StructShape, value: Record<string, unknown>): string {
  let out = '';
  for (const member of shape.members) {
    const found = value[member.name];
    if (found === undefined || found === null || member.own.xmlAttribute || boundElsewhere(member.traits)) continue;
    const name = member.own.xmlName ?? member.name;
    if (member.shape.kind === 'list' && member.shape.flat) {
      for (const item of found as unknown[]) out += valueToXml(name, member.shape.item, item);
    } else if (member.shape.kind === 'map' && member.shape.flat)
      out += mapToXml(name, member.shape, found as Record<string, unknown>);
    else out += valueToXml(name, member.shape, found);
  }
  return out;
}

const boundElsewhere = (traits: { httpHeader?: unknown; httpPrefixHeaders?: unknown; httpResponseCode?: unknown }): boolean =>
  traits.httpHeader !== undefined || traits.httpPrefixHeaders !== undefined || traits.httpResponseCode !== undefined;

function mapToXml(entry: string, shape: Shape & { kind: 'map' }, value: Record<string, unknown>): string {
  return Object.entries(value)
    .map(
      ([key, item]) =>
        `<${entry}><${shape.keyName}>${escapeXml(key)}</${shape.keyName}>${valueToXml(shape.valueName, shape.value, item)}</${entry}>`,
    )
    .join('');
}
