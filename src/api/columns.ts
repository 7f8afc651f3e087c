/** Columns that several kinds have: parts of a condition, and age. Every other column is beside its kind. */
import type { Column } from './kind.ts';

const headings = { status: (type: string) => type, reason: () => 'Reason', message: () => 'Message' } as const;

/** A part of a condition: its status under the condition's name, its reason under Reason, its message under Message. */
export function conditionColumn(
  type: string,
  part: keyof typeof headings,
  more: { readonly description: string; readonly priority?: 1 },
): Column {
  return { name: headings[part](type), type: 'string', jsonPath: `.status.conditions[?(@.type=="${type}")].${part}`, ...more };
}

/** Why Ready is what it is, with `-o wide`. */
export const messageColumn: Column = conditionColumn('Ready', 'message', { description: 'Details.', priority: 1 });

/** Since when the object exists. */
export const ageColumn: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when it exists.',
};
