/**
 * Which namespaces an owner or a platform team means: All, Same, Names, Selector. Closed by default: a selector or list that is present but empty
 * matches nothing, and a selector sees only the labels that the platform trusts.
 */

/** A namespace with its labels. */
export interface NamespaceLabels {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A label selector of Kubernetes. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

/** One requirement of a label selector. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | undefined;
}

/** The `from`-shaped choice of namespaces that several kinds share. */
export interface NamespaceChoice {
  readonly from: 'All' | 'Same' | 'Names' | 'Selector';
  readonly names?: readonly string[] | undefined;
  readonly selector?: LabelSelector | undefined;
}

/** What a choice is judged with. */
export interface SelectorContext {
  /** Namespace of the object that carries the choice, for Same. */
  readonly own: string | undefined;
  /** Label keys that tenants can't set themselves (`--trusted-namespace-labels`); kubernetes.io/metadata.name is always trusted. */
  readonly trustedLabels: readonly string[];
}

/** True where `choice` names the namespace. */
export function choosesNamespace(choice: NamespaceChoice, namespace: NamespaceLabels, context: SelectorContext): boolean {
  switch (choice.from) {
    case 'All':
      return true;
    case 'Same':
      return context.own === namespace.name;
    case 'Names':
      return choice.names?.includes(namespace.name) ?? false;
    case 'Selector':
      return choice.selector !== undefined && selects(choice.selector, namespace, context.trustedLabels);
  }
}

function selects(selector: LabelSelector, namespace: NamespaceLabels, trusted: readonly string[]): boolean {
  const labels = Object.entries(selector.matchLabels ?? {});
  const expressions = selector.matchExpressions ?? [];
  if (labels.length + expressions.length === 0) return false;
  const isTrusted = (key: string): boolean => key === metadataName || trusted.includes(key);
  // A requirement on a label that anybody may set says nothing: the whole selector matches nobody, also where it is a NotIn.
  if (![...labels.map(([key]) => key), ...expressions.map((each) => each.key)].every(isTrusted)) return false;
  const valueOf = (key: string): string | undefined => (key === metadataName ? namespace.name : namespace.labels[key]);
  return (
    labels.every(([key, value]) => valueOf(key) === value) && expressions.every((each) => satisfies(each, valueOf(each.key)))
  );
}

const metadataName = 'kubernetes.io/metadata.name';

function satisfies(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values?.includes(value) ?? false);
    case 'NotIn':
      return value === undefined || !(requirement.values?.includes(value) ?? false);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
