/** Form parameters by shape: how awsQuery writes requests (`Tags.member.1.Key=…`). Replies are XML (xml.ts). */
import { scalarFromText } from './scalar.ts';
import type { Shape } from './shape.ts';

interface Node {
  text?: string;
  readonly children: Map<string, Node>;
}

/** Reads a request's form parameters into a value of `shape`. */
export function formToValue(shape: Shape, form: ReadonlyMap<string, readonly string[]>): Record<string, unknown> {
  const root: Node = { children: new Map() };
  for (const [name, values] of form) {
    let node = root;
    for (const part of name.split('.')) {
      let next = node.children.get(part);
      if (!next) {
        next = { children: new Map() };
        node.children.set(part, next);
      }
      node = next;
    }
    node.text = values[0] ?? '';
  }
  return (nodeToValue(shape, root) ?? {}) as Record<string, unknown>;
}

function nodeToValue(shape: Shape, node: Node): unknown {
  switch (shape.kind) {
    case 'struct': {
      const out: Record<string, unknown> = {};
      for (const member of shape.members) {
        const child = node.children.get(member.own.xmlName ?? member.name);
        if (child) out[member.name] = nodeToValue(member.shape, child);
      }
      return out;
    }
    case 'list':
      return numbered(shape.flat ? node : node.children.get(shape.element)).map((item) => nodeToValue(shape.item, item));
    case 'map':
      return Object.fromEntries(
        numbered(shape.flat ? node : node.children.get('entry')).map((entry) => [
          entry.children.get(shape.keyName)?.text ?? '',
          nodeToValue(shape.value, entry.children.get(shape.valueName) ?? { children: new Map() }),
        ]),
      );
    default:
      return node.text === undefined ? undefined : scalarFromText(shape, node.text);
  }
}

const numbered = (node: Node | undefined): Node[] =>
  [...(node?.children ?? [])]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
