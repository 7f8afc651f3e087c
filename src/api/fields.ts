/**
 * Fields that several kinds share: names, AWS identifiers, references, permissions, namespaces. A field that one kind alone has is
 * written there.
 */
import { z } from 'zod';
import { integer, list, matching, oneOf, optional, text, textMap, time, withRules } from './schema.ts';

/** What a share may allow; independent sets, never levels. */
export const PERMISSIONS = ['Read', 'Write', 'Modify'] as const;
/** One permission. */
export type Permission = (typeof PERMISSIONS)[number];

/** Kinds of items that can be shared. */
export const ITEM_TYPES = ['Bucket', 'Folder'] as const;
/** The kind of an item. */
export type ItemType = (typeof ITEM_TYPES)[number];

/** Longest name of an object of ours: names are used as label values (63 characters). */
export const MAX_NAME = 63;

const dnsLabel = { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, max: MAX_NAME };
const dnsName = { pattern: /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, max: MAX_NAME };

/** Name of a Kubernetes object. */
export const objectName = (description: string): z.ZodString =>
  matching(
    {
      ...dnsName,
      message: 'must be the name of a Kubernetes object: lower case letters, digits, - and ., at most 63 characters',
    },
    description,
  );

/** Name of a namespace. */
export const namespaceName = (description: string): z.ZodString =>
  matching(
    { ...dnsLabel, message: 'must be the name of a namespace: lower case letters, digits and -, at most 63 characters' },
    description,
  );

/** UID of a Kubernetes object. */
export const uid = (description: string): z.ZodString => text(64, description);

/** AWS account id. */
export const accountId = (description: string): z.ZodString =>
  matching(
    { pattern: /^[0-9]{12}$/, max: 12, message: 'must be an AWS account id: twelve digits in quotes, such as "111122223333"' },
    description,
  );

/** AWS region. */
export const region = (description: string): z.ZodString =>
  matching(
    {
      pattern: /^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$/,
      max: 32,
      message: 'must be the code of an AWS region, such as eu-west-1 (an availability zone such as eu-west-1a is not one)',
    },
    description,
  );

const iamName = '([!-~]+/)?[A-Za-z0-9+=,.@_-]{1,64}$';

/** ARN of an IAM role, path included. IAM user guide, "IAM identifiers". */
export const roleArn = (description: string): z.ZodString =>
  matching(
    {
      pattern: new RegExp(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/${iamName}`),
      max: 640,
      message: 'must be the ARN of an IAM role, path included: arn:aws:iam::111122223333:role/path/name',
    },
    description,
  );

/** ARN of an IAM role or user, path included. */
export const principalArn = (description: string): z.ZodString =>
  matching(
    {
      pattern: new RegExp(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/${iamName}`),
      max: 640,
      message:
        'must be the ARN of an IAM role or user, path included: arn:aws:iam::444455556666:role/path/name (for a session arn:aws:sts::…:assumed-role/name/… name the role itself)',
    },
    description,
  );

/** Unique id that AWS gave a principal: AROA… for a role, AIDA… for a user. IAM user guide, "IAM identifiers". */
export const uniqueId = (description: string): z.ZodString =>
  matching(
    { pattern: /^A(ROA|IDA)[A-Z0-9]{12,124}$/, max: 128, message: 'must be the unique id of a role (AROA…) or user (AIDA…)' },
    description,
  );

/** Name of a bucket. S3 user guide, "Bucket naming rules". */
export const bucketName = (description: string): z.ZodString =>
  matching(
    {
      pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      max: 63,
      message:
        'must be the name of a bucket alone, such as acme-orders: 3 to 63 lower case letters, digits, - and ., without s3:// and not an ARN',
    },
    description,
  );

/** ARN of a customer managed KMS key. Aliases are refused: they can be pointed at another key by whoever may edit them. */
export const kmsKeyArn = (description: string): z.ZodString =>
  matching(
    {
      pattern: /^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]{1,64}$/,
      max: 160,
      message:
        'must be the ARN of a KMS key, arn:aws:kms:<region>:<account>:key/<id>, not an alias or a key id alone: "aws kms describe-key --key-id <alias>" prints it',
    },
    description,
  );

const durationForm = /^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$/;

/** CEL: a rule over durations that holds where one of these fields has another form: that is said by the field's own rule. */
export const whereDurations = (fields: readonly string[], rule: string): string =>
  [...fields.map((field) => `!${field}.matches(r'${durationForm.source}')`), rule].join(' || ');

/** A duration in hours, minutes and seconds, as duration.ts reads it. */
export const duration = (description: string): z.ZodString =>
  matching(
    {
      pattern: durationForm,
      max: 24,
      message: 'must be a duration in hours, minutes and seconds, such as 2160h, 90m or 1h30m (a day is 24h)',
    },
    description,
  );

/** What was reviewed, as a hash: the digest of an item (see ReceivedShare). */
export const digest = (description: string): z.ZodString =>
  matching(
    {
      pattern: /^v[0-9]{1,3}:sha256:[0-9a-f]{64}$/,
      max: 80,
      message: 'must be a digest as ReceivedShare.spec.items shows it: v1:sha256: and 64 hexadecimal digits',
    },
    description,
  );

/** Reference to an object of a known kind in a known namespace. */
export const localRef = (description: string) => z.strictObject({ name: objectName('Its name.') }).describe(description);

/** Reference to an object of a known kind in another namespace. */
export const namespacedRef = (description: string) =>
  z.strictObject({ namespace: namespaceName('Its namespace.'), name: objectName('Its name.') }).describe(description);

/** Reference to one key of a Secret in the operator's namespace. */
export const secretKeyRef = (description: string) =>
  z.strictObject({ name: objectName('Name of the Secret.'), key: text(253, 'Key in its data.').min(1) }).describe(description);

const readRule = {
  rule: "'Read' in self",
  message: 'permissions must contain Read: Write and Modify alone are not offered, write [Read, Write]',
};

/** A set of permissions. Every list has at least one entry, and Write or Modify need Read beside them. */
export const permissions = (description: string) =>
  withRules(list(z.enum(PERMISSIONS), { min: 1, max: PERMISSIONS.length, type: 'set' }, description), readRule);

/** Permissions of a list that is not a grant: what is left over of one may be Write alone. */
export const somePermissions = (description: string) =>
  list(z.enum(PERMISSIONS), { min: 1, max: PERMISSIONS.length, type: 'set' }, description);

/** Kind of an item. */
export const itemType = () =>
  oneOf(ITEM_TYPES, 'Kind of the item. Bucket: a whole bucket of the Dataset. Folder: one of its folders.');

const itemNameForm = {
  pattern: /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
  max: 63,
  message:
    "must be the name of an item as the Dataset lists it: a bucket's name alone, such as acme-orders, or a folder's name; without s3:// and not an ARN",
};

/** Name of an item in its Dataset: for a bucket the bucket's name. */
export const itemName = () =>
  matching(itemNameForm, "Name of the item in the Dataset: for type Bucket the bucket's name, for type Folder the folder's.");

/** Name that a Dataset gives a folder. */
export const folderName = () =>
  matching(
    {
      ...itemNameForm,
      message: 'must be at most 63 lower case letters, digits, - and ., beginning and ending with a letter or digit',
    },
    'Name of the folder in requests and approvals.',
  );

/**
 * Prefix of a folder's object keys, without the slash at its end. Only characters that IAM policies accept everywhere; a slash at the beginning, at the end or doubled
 * would make a folder that is not what it seems to be.
 */
export const folderPrefix = (description: string): z.ZodString =>
  matching(
    {
      pattern: /^[ -.0-~]+(\/[ -.0-~]+)*$/,
      max: 256,
      message:
        'must be the prefix of the folder, such as raw/2026: at most 256 printable ASCII characters, no slash at the beginning or the end, no empty part (//)',
    },
    description,
  );

/** Name of an S3 access point (S3 user guide, "Access points restrictions and limitations"). */
export const accessPointName = (description: string): z.ZodString =>
  matching(
    { pattern: /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/, max: 50, message: 'must be the name of an access point' },
    description,
  );

/** A label selector (metav1.LabelSelector). Empty matches nothing, unlike Kubernetes' own. */
export const labelSelector = (description: string) =>
  z
    .strictObject({
      matchLabels: optional(textMap({ max: 4, key: 128, value: 63 }, 'Labels that must be there with exactly this value.')),
      matchExpressions: optional(
        list(
          z.strictObject({
            key: text(128, 'Label key.').min(1),
            operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'], 'How the label is compared.'),
            values: optional(list(text(63, 'A value.'), { max: 5, type: 'atomic' }, 'For In and NotIn.')),
          }),
          { max: 2, type: 'atomic' },
          'Conditions that must all hold.',
        ),
      ),
    })
    .describe(
      `${description} Only the label kubernetes.io/metadata.name and the keys named by the operator's --trusted-namespace-labels count; an empty selector matches nothing.`,
    );

/** Which namespaces: all, some by name, some by label, or (only where `own` is given) the object's own. */
export const namespaceSet = <const From extends readonly string[]>(from: From, description: string) =>
  withRules(
    z
      .strictObject({
        from: oneOf(
          from,
          `Which namespaces. ${from.includes('Same') ? "Same: the Dataset's own. " : ''}Names and Selector: see names and selector.`,
        ),
        names: optional(
          list(namespaceName('A namespace.'), { max: 50, type: 'set' }, 'With from: Names. An empty list matches nothing.'),
        ),
        selector: optional(labelSelector('With from: Selector.')),
      })
      .describe(description),
    { rule: "has(self.names) == (self.from == 'Names')", message: 'names goes with from: Names, and only with it' },
    { rule: "has(self.selector) == (self.from == 'Selector')", message: 'selector goes with from: Selector, and only with it' },
  );

/** An AWS principal that consent names. */
export const arnPrincipal = (description: string) =>
  z.strictObject({ arn: principalArn('ARN of the role or user, path included.') }).describe(description);

/** Generation of spec that status was computed from; -1 before the first time. */
export const observedGeneration = () =>
  z.int().min(-1).default(-1).describe('Generation of spec that this status was computed from; -1: not yet looked at.');

/** A request to verify or re-apply that was carried out: the annotation's value. */
export const handledAt = (annotation: string) => text(64, `Value of the annotation ${annotation} that was carried out last.`);

/** Conditions (metav1.Condition). */
export const conditions = () =>
  list(
    z.strictObject({
      type: text(64, 'Name of the condition.').min(1),
      status: oneOf(['True', 'False', 'Unknown'], 'Whether it holds.'),
      observedGeneration: optional(
        integer({ min: 0, max: Number.MAX_SAFE_INTEGER }, 'Generation of spec that it was computed from.'),
      ),
      lastTransitionTime: time('When status changed last.'),
      reason: text(64, 'Reason, one CamelCase word; see the reference of reasons.').min(1),
      message: text(1024, 'For people: what is the case and what to do.'),
    }),
    { max: 8, type: ['type'] },
    'What is the case now.',
  );

/** Something that could not be removed from AWS and that nobody else remembers. */
export const leftovers = () =>
  list(
    z.strictObject({
      target: text(256, 'The AWS document or resource.').min(1),
      principal: text(640, 'The principal that is still named there.').min(1),
      time: time('When the operator gave up.'),
      message: optional(text(256, 'Why.')),
    }),
    { max: 50, type: 'atomic' },
    'What was let go of by force and could not be removed: a record for whoever removes it by hand.',
  );
