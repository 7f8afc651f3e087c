/** What data.all does not know and somebody has to say: namespaces of teams, names of Environments, keys of buckets. A file in YAML; all of it may be left out. */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { kmsKeyArn, namespaceName, objectName } from '../../api/fields.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Source } from '../plan/manifests.ts';

const schema = z.strictObject({
  namespaces: z.record(z.string(), namespaceName('')).default({}),
  environments: z.record(z.string().regex(/^\d{12}\/[a-z0-9-]+$/, 'must be account/region'), objectName('')).default({}),
  keys: z.record(z.string(), kmsKeyArn('')).default({}),
});

/** By team, by `account/region`, by bucket. */
export type Mapping = z.infer<typeof schema>;

/** Nothing is said. */
export const noMapping: Mapping = { namespaces: {}, environments: {}, keys: {} };

/** Reads the file. @throws CliError with every mistake. */
export function readMapping({ name, text }: Source): Mapping {
  const document = parseDocument(text);
  const parsed = schema.safeParse(document.toJS() ?? {});
  const mistakes = [
    ...document.errors.map(({ message }) => message.split('\n')[0] ?? ''),
    ...(parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)),
  ];
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw new CliError(exitCodes.failed, mistakes.map((mistake) => `${name}: ${mistake}`).join('\n'));
}
