/** Kind definition → CustomResourceDefinition, plain and as a template of the chart. */
import { stringify } from 'yaml';
import { MAX_NAME } from '../../src/api/fields.ts';
import type { KindDefinition } from '../../src/api/kind.ts';
import { group, version } from '../../src/api/kind.ts';
import type { Rule } from '../../src/api/schema.ts';
import { RULES } from '../../src/api/schema.ts';
import type { Structural } from './structural.ts';
import { structuralSchema } from './structural.ts';

const banner = '# Generated from src/api by "npm run generate". Changes made here are lost.\n';

/** The whole object's schema: what Kubernetes adds, spec with its rules, status with its default. */
export function objectSchema(kind: KindDefinition): Structural {
  const spec = { ...structuralSchema(kind.specSchema), description: 'What is wanted.' };
  const rules: Rule[] = [...(((spec as Structural)[RULES] as Rule[] | undefined) ?? []), ...kind.validations];
  // kstatus takes an object without observedGeneration for done, so a new one says that it was not looked at.
  const status = {
    ...structuralSchema(kind.statusSchema),
    description: 'What is the case. Written by the operator only.',
    default: { observedGeneration: -1 },
  };
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      metadata: { type: 'object' },
      spec: rules.length === 0 ? spec : { ...spec, [RULES]: rules },
      status,
    },
    [RULES]: [
      {
        rule: `size(self.metadata.name) <= ${MAX_NAME}`,
        message: `metadata.name must have at most ${MAX_NAME} characters: it is used as the value of labels`,
      },
    ],
  };
}

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition(kind: KindDefinition): object {
  const { plural, singular, shortNames, categories } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular,
        categories,
        ...(shortNames === undefined ? {} : { shortNames }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns.map(({ priority, ...column }) =>
            priority === 1 ? { ...column, priority } : column,
          ),
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  };
}

/** The CRD as a file. */
export function crdFile(kind: KindDefinition): string {
  return banner + stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The CRD as a template of the chart: Helm upgrades templates, unlike the folder crds/, and `keep` outlives an uninstall. */
export function crdTemplate(kind: KindDefinition): string {
  const body = stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false });
  if (body.includes('{{')) throw new Error(`${kind.kind}: a text contains {{, which Helm would take for a template`);
  const metadata = [
    'metadata:',
    '  labels:',
    '    {{- include "sluice.labels" . | nindent 4 }}',
    '  {{- if .Values.crds.keep }}',
    '  annotations:',
    '    helm.sh/resource-policy: keep',
    '  {{- end }}',
  ].join('\n');
  return `{{- if .Values.crds.enabled }}\n${banner}${body.replace('metadata:', metadata)}{{- end }}\n`;
}
