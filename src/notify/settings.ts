/**
 * Where messages go out, from the key `notify.yaml` of one Secret in the operator's namespace. Only who may write that Secret decides which servers the operator
 * talks to. Messages about wrong settings name the field and never its value: these are secrets.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import { TEMPLATE_NAMES, unknownPlaceholders, type Templates } from './text.ts';

/** Key of the Secret. */
export const settingsKey = 'notify.yaml';

const template = z
  .string()
  .min(1)
  .max(20_000)
  .superRefine((text, context) => {
    const unknown = unknownPlaceholders(text);
    if (unknown.length > 0) context.addIssue({ code: 'custom', message: `has unknown placeholders: ${unknown.join(', ')}` });
  });

const address = z
  .string()
  .max(320)
  .regex(/^[^\r\n]*[^\s@]+@[^\s@]+$/, 'must be an address, or a name and an address in <>');

const smtp = z.strictObject({
  /** smtp://host:587 (STARTTLS) or smtps://host:465, with user and password where the server wants them. */
  url: z.url({ protocol: /^smtps?$/, message: 'must be a URL that begins with smtp:// or smtps://' }),
  from: address,
  /** Domains that mail may go to; addresses of other domains, which owners and requesters may write, get none. */
  domains: z.array(z.string().regex(/^(\*|[a-z0-9.-]+)$/, 'must be a domain in lower case, or *')).min(1),
  /** Send without TLS where the server offers none. */
  allowPlaintext: z.boolean().default(false),
});

const webhook = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be at most 32 lower case letters, digits and -'),
  url: z.url({ protocol: /^https?$/, message: 'must be a URL that begins with https:// or http://' }),
  /** `whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks has it. */
  secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, 'must be whsec_ and base64 of 24 to 64 bytes'),
});

const schema = z
  .strictObject({
    smtp: smtp.optional(),
    webhooks: z.array(webhook).max(8).default([]),
    templates: z
      .partialRecord(z.enum(TEMPLATE_NAMES), z.strictObject({ subject: template.optional(), body: template.optional() }))
      .default({}),
  })
  .refine(({ webhooks }) => new Set(webhooks.map(({ name }) => name)).size === webhooks.length, {
    message: 'two webhooks have the same name',
    path: ['webhooks'],
  });

/** A mail server. */
export type SmtpSettings = Readonly<z.infer<typeof smtp>>;
/** A receiver of CloudEvents. */
export type WebhookSettings = Readonly<z.infer<typeof webhook>>;

/** All settings. */
export interface NotifySettings {
  readonly smtp?: SmtpSettings | undefined;
  readonly webhooks: readonly WebhookSettings[];
  readonly templates: Templates;
}

/** The settings, or in people's words why there are none. */
export type ParsedSettings =
  { readonly kind: 'settings'; readonly settings: NotifySettings } | { readonly kind: 'problem'; readonly problem: string };

/** Reads the settings; never throws, and never repeats a value. */
export function parseSettings(text: string): ParsedSettings {
  const document = parsed(text);
  if (document === undefined) return { kind: 'problem', problem: `${settingsKey} is not a YAML mapping` };
  const result = schema.safeParse(document);
  if (result.success) return { kind: 'settings', settings: result.data };
  const problem = result.error.issues
    .map((issue) => `${issue.path.map(String).join('.') || settingsKey}: ${explained(issue)}`)
    .join('; ');
  return { kind: 'problem', problem };
}

/** Whether mail may go to the address. */
export function isAllowed(email: string, { domains }: SmtpSettings): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  return domains.includes('*') || domains.includes(domain);
}

/** Names of unknown fields are no secrets; they are what is mistyped most often. */
function explained(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown: ${issue.keys.join(', ')}`;
  return issue.code === 'invalid_type' ? `must be given as ${issue.expected}` : issue.message;
}

/** The parser's own messages quote the text. */
function parsed(text: string): unknown {
  try {
    const document: unknown = parse(text);
    return typeof document === 'object' && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}
