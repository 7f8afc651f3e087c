/**
 * Subject and body of a mail, from templates with placeholders. A template has no logic, and a value is never read as a template: what requesters write (a
 * purpose) shows as it is.
 */
import { NEWS_KINDS, newsKinds, type NewsKind } from './kinds.ts';
import type { Notice } from './notice.ts';

/** Texts of one kind of news. */
export interface Template {
  readonly subject?: string | undefined;
  readonly body?: string | undefined;
}

/** Texts by kind; `Default` is for kinds, and for parts of a text, that have none of their own. */
export type Templates = Readonly<Partial<Record<NewsKind | 'Default', Template>>>;

/** Names that templates may have. */
export const TEMPLATE_NAMES = ['Default', ...NEWS_KINDS] as const;

/** What may stand between `{{` and `}}`. */
export const PLACEHOLDERS = [
  'who',
  'action',
  'kind',
  'dataset',
  'datasetNamespace',
  'request',
  'requestNamespace',
  'principal',
  'items',
  'message',
  'expires',
  'time',
  'details',
] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

/** data.all's sentence, so that rules that sort mail go on working. */
const sentence = 'User {{who}} {{action}} share request for dataset {{dataset}}';

/** The texts where nothing else is configured. */
export const defaultTemplate = {
  subject: sentence,
  body: `${sentence} for principal {{principal}}\n\n{{details}}\n`,
} as const;

const placeholder = /\{\{\s*(\w*)\s*\}\}/g;
const itemsShown = 20;
const subjectLength = 200;

/** Placeholders of a template that do not exist. */
export function unknownPlaceholders(template: string): string[] {
  const known = new Set<string>(PLACEHOLDERS);
  return [...template.matchAll(placeholder)].map(([, name = '']) => name).filter((name) => !known.has(name));
}

/** The mail about a notice, in plain text. The subject is one line. */
export function mailText(notice: Notice, templates: Templates = {}): { readonly subject: string; readonly text: string } {
  const own = templates[notice.news.kind];
  const subject = own?.subject ?? templates.Default?.subject ?? defaultTemplate.subject;
  const body = own?.body ?? templates.Default?.body ?? defaultTemplate.body;
  const values = valuesOf(notice);
  return { subject: oneLine(filled(subject, values)).slice(0, subjectLength), text: filled(body, values) };
}

function filled(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replaceAll(placeholder, (whole, name: string) => (isPlaceholder(name) ? values[name] : whole));
}

function isPlaceholder(name: string): name is Placeholder {
  return PLACEHOLDERS.some((each) => each === name);
}

function valuesOf({ news, subject, who, time }: Notice): Record<Placeholder, string> {
  const { dataset, request, principal = '(not known)' } = subject;
  const more = news.items.length - itemsShown;
  const values = {
    who,
    action: newsKinds[news.kind].action,
    kind: news.kind,
    dataset: dataset.name,
    datasetNamespace: dataset.namespace,
    request: request.name,
    requestNamespace: request.namespace,
    principal,
    items: news.items.slice(0, itemsShown).join(', ') + (more > 0 ? ` and ${String(more)} more` : ''),
    message: oneLine(news.message),
    expires: news.expireTime ?? '',
    time,
  };
  return { ...values, details: detailsOf(values) };
}

/** One line for each thing that there is to say. */
function detailsOf(values: Readonly<Record<Exclude<Placeholder, 'details'>, string>>): string {
  const lines: readonly (readonly [string, string])[] = [
    ['Request', `${values.requestNamespace}/${values.request}`],
    ['Dataset', `${values.datasetNamespace}/${values.dataset}`],
    ['Items', values.items],
    ['Details', values.message],
    ['Access ends', values.expires],
    ['Time', values.time],
  ];
  return lines
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** Without line breaks and control characters: a value can neither add a header nor a paragraph. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}
