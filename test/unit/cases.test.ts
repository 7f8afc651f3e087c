/**
 * What Sluice promises about the way of a share between people, and by which tests it is shown. The promises are the product's workflow, in the order in which teams meet
 * it; a test that is renamed or deleted makes this one fail, so that none of them goes unnoticed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A file, and the beginnings of the titles of tests in it. */
type Shown = readonly [file: string, ...titles: readonly string[]];

const promises: Readonly<Record<string, readonly Shown[]>> = {
  'a request without items, or for an item that the Dataset does not list, says why and writes nothing': [
    ['cluster/case-consent', 'that lists nothing is not accepted at all', 'for an item that the Dataset does not list says so'],
  ],
  'without an approval a request waits: both sides see the plan, and AWS is not touched': [
    ['cluster/case-consent', 'without an approval waits, shows both sides what would be done, and writes nothing'],
  ],
  'an approval gives the principal the data and nobody else anything': [
    ['cluster/case-consent', 'gives the role the data, encrypted or not, and gives nobody else anything'],
    ['cluster/share', 'gives the principal the data after consent, and nobody else'],
  ],
  'a rejection gives its reason, and a later approval replaces it': [
    ['cluster/case-consent', 'that rejects gives its reason; an approval instead of it shares'],
    ['unit/shares/decide-consent', 'is rejected with the reason of the owner, and a later approval replaces the rejection'],
  ],
  'automatic approval that is turned off leaves what it granted and lets new items wait; secret data is never shared automatically':
    [
      [
        'cluster/case-consent',
        'shares at once; turned off, it leaves what was granted',
        'by rule holds for its namespaces, items and permissions only',
      ],
      ['cluster/api-bad-input', 'secret data shared automatically', 'secret data shared automatically with some'],
      ['unit/shares/decide-automatic', 'never grants from a Dataset whose confidentiality is Secret'],
    ],
  'a widened request gives nothing new until it is approved, and what was live stays': [
    ['cluster/case-consent', 'stays, and nothing new is given, when the request is widened'],
    ['unit/shares/decision-table', 'what is shared is asked for and offered'],
  ],
  'a digest approves exactly what was reviewed; a moved place waits and the old grant stays; a purpose changes nothing': [
    [
      'cluster/case-consent',
      'of exactly what was reviewed gives nothing when something else is asked for',
      'stays as it was consented to when the bucket gets another key',
    ],
    ['cluster/aws-folders', 'to another prefix stays as consented, and the new place opens with a new consent'],
    ['unit/shares/decide-consent', 'is not touched by a typo in its purpose'],
    ['unit/shares/decide-place', 'the old grant stays as consented, and nothing new is granted'],
  ],
  'an approval names its principal, and two approvals are united by tuples, never by fields': [
    ['cluster/case-consent', 'covers no other principal: neither of a request made again', 'adds up with another tuple by tuple'],
    ['unit/shares/decide-consent', 'are united by tuples, each with its own end, never by fields'],
  ],
  'the owner reviews with rights in his own namespace only, and the requester sees no ARNs of the owner before consent': [
    [
      'cluster/case-privacy',
      'reviews and decides with rights in his own namespace only',
      'sees nothing of the account, the roles and the keys of the owner before consent',
    ],
  ],
  'what is no longer asked for or consented to is taken back first, however it is deleted, and remembered across restarts': [
    [
      'cluster/case-endings',
      'is revoked and its ShareItem goes',
      'by deleting the approval (%s) ends the share',
      'comes back when only its ShareItem is deleted by hand',
    ],
    ['cluster/case-deletion-order', 'remembers how a share ended'],
    ['cluster/admission-operator', 'given an object of every kind, when the namespace is deleted, then all of it goes'],
    ['cluster/admission-consent', 'given a namespace full of approvals and rejections, when it is deleted, then all of it goes'],
  ],
  'a deleted request is revoked first; Block refuses and names what is shared': [
    [
      'cluster/case-endings',
      'is revoked when the request is deleted (%s)',
      'is not deleted while anything is shared, where the request says Block',
    ],
    ['cluster/admission-operator', 'given shared items, when it is deleted (%s), then the refusal names them'],
  ],
  'Datasets, roles and Environments that are deleted first, namespaces that are deleted, and what is let go by force': [
    [
      'cluster/case-deletion-order',
      'wait as an Environment until nothing uses it, and say so',
      'takes everything back when it is there again, whatever was deleted',
    ],
    ['cluster/case-endings', '%s: everything shared is taken back, and the namespace ends'],
    ['cluster/case-force-delete', 'given AWS refuses to take the bucket policy back, then the item stays until it is forced'],
    ['cluster/chart', 'given objects, when it is uninstalled and installed again, then they are still there'],
    [
      'cluster/chart-lifecycle',
      'given a share, when the release is uninstalled and installed again, then the operator adopts its own work without a write',
    ],
  ],
  'only who has the verb approve on a Dataset decides about it, and nobody but the operator writes its records': [
    [
      'cluster/admission-consent',
      'given somebody without the verb approve',
      'given somebody with the verb approve on one Dataset',
    ],
    ['cluster/admission-operator', 'is created by the operator only', 'status is written by the operator only'],
  ],
  'shares end on time, whatever else is going on, and also when nobody was there at that time': [
    ['cluster/case-endings', 'by its own end takes access back on time', 'stays taken away when a revoke fails at first'],
    [
      'worlds/ends',
      'comes to the second',
      'that AWS refuses at first is tried',
      'takes access back within seconds, however long ago it ended',
      'repairs nothing before that',
    ],
    [
      'unit/shares/decide-time',
      'a share ends at the earliest of request, approval and Dataset maximum',
      'durations count from the first consent and never restart',
      'given the operator runs on a clock that is set back',
    ],
    ['unit/shares/limits', 'a duration below the minimum', 'no end, where one is required'],
  ],
  'an extension is asked for, approved or rejected without an interruption': [
    [
      'worlds/ends',
      'that is approved interrupts nothing and writes nothing',
      'that is rejected changes nothing until the old end',
      'that nobody answers ends at the old end',
    ],
    ['unit/shares/decide-time', 'waits, and access goes on undisturbed until the old end'],
  ],
  'people are reminded 30, 14, 7, 3 and 1 days before an end, once each, across restarts': [
    ['unit/notify/news', 'come 30, 14, 7, 3 and 1 days before the end, each once', 'that were missed come as one'],
    ['unit/controllers/notices', 'is not told again by a new process', 'remind both sides once, within the hour'],
    ['unit/kube/events', 'writes what happens once under one name'],
  ],
  'a Dataset that is closed to a namespace can not be told from one that does not exist': [
    ['cluster/case-privacy', 'looks byte for byte the same whether it is closed or does not exist'],
    ['cluster/case-probes', 'somebody to whose namespace a Dataset is closed learns nothing when he'],
  ],
  'nothing is shared without a claim, a claim that is taken away ends what is live, and of two Datasets the older keeps the bucket':
    [
      [
        'cluster/case-claims',
        'to the bucket nothing is shared',
        'to the key of the bucket nothing is shared',
        'to the role nothing is shared',
        'else leaves live shares for a day',
        'do not both get it: the older Dataset keeps it',
      ],
    ],
  'two operators at one moment converge, two installations keep apart, and a lost API server or watch misses nothing': [
    [
      'unit/targets/writer-two',
      'given somebody else changes the document between the two',
      'have statements of their own, and neither mends',
    ],
    ['cluster/two-installations', 'given one bucket and one role that two clusters share'],
    ['unit/kube/leader', 'fails over within twenty seconds when the leader is cut off, and never has two who may write'],
    [
      'unit/kube/reflector',
      'replaces a watch that is silent for three minutes',
      'lists at once and in one piece when a continue token has expired',
    ],
    ['unit/kube/reflector-chaos', 'always gets back to what the server knows'],
    ['worlds/told', 'that another installation serves is left alone'],
  ],
  'bad input of every field is answered with what is wrong, and the operator goes on': [
    [
      'cluster/api-validation',
      'given bad input, then the API server says what is wrong and what to do',
      'every message names the field and none shows a regular expression',
    ],
    [
      'cluster/case-wrong-input',
      'a reference into AWS that leads nowhere',
      'a permission that the operator lacks',
      'an external id',
    ],
  ],
};

describe('what is promised is shown by tests that exist:', () => {
  test.each(Object.entries(promises))('%s', (_promise, shown) => {
    expect(shown.length).toBeGreaterThan(0);
    for (const [file, ...titles] of shown) {
      const text = textOf(file);
      expect(titles.length, file).toBeGreaterThan(0);
      expect(
        titles.filter((title) => !text.includes(title)),
        file,
      ).toEqual([]);
    }
  });
});

/** Lists of cases are files of their own, without `.test`. */
function textOf(file: string): string {
  const name = file === 'cluster/api-bad-input' ? `${file}.ts` : `${file}.test.ts`;
  return readFileSync(join(root, 'test', name), 'utf8');
}
