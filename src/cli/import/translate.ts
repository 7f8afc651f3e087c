/**
 * From shares of data.all to objects of Sluice: Datasets and ShareApprovals in the namespaces of those who own the data, ConsumptionRoles and ShareRequests in those of
 * who use it. Pure, and the same for the same input: nothing depends on the time or the order of files.
 */
import type { KubeObject } from '../../kube/object.ts';
import { datasetNotes, datasetObjects } from './dataset-objects.ts';
import type { DataAllDataset, DataAllShare } from './export.ts';
import { sortShare, type Left, type Note } from './items.ts';
import { checked } from './manifest.ts';
import type { Mapping } from './mapping.ts';
import { named, type Translated } from './naming.ts';
import { approvalOf, sideOfRequester } from './share-objects.ts';

/** What becomes of an export. */
export interface Translation {
  readonly shares: readonly Translated[];
  readonly objects: readonly KubeObject[];
  readonly left: readonly Left[];
  readonly notes: readonly Note[];
}

/** Translates an export. */
export function translate(shares: readonly DataAllShare[], datasets: readonly DataAllDataset[], mapping: Mapping): Translation {
  const known = new Map(datasets.map((each) => [each.datasetUri, each]));
  const sorted = shares.map((share) => sortShare(share, known));
  const translated = named(
    sorted.flatMap(({ brought }) => (brought === undefined ? [] : [brought])),
    mapping,
  );
  const objects = [
    ...datasetObjects(translated, known, mapping),
    ...translated.flatMap(sideOfRequester),
    ...translated.flatMap(approvalOf),
  ];
  const unique = new Map(
    objects.map((object) => [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]),
  );
  return {
    shares: translated,
    objects: [...unique.values()].map(checked),
    left: sorted.flatMap(({ left }) => left),
    notes: [...sorted.flatMap(({ notes }) => notes), ...datasetNotes(translated, known, mapping), ...managementNotes(translated)],
  };
}

function managementNotes(shares: readonly Translated[]): Note[] {
  const messages = {
    Managed: undefined,
    Detached: 'attach the policies that its status.policies lists, before anything of data.all is removed',
    External:
      "allow the role what status.plan of its requests says, before anything of data.all is removed: Sluice writes nothing in the role's account",
  } as const;
  const notes = shares.flatMap(({ requester, roleName, management }) => {
    const message = messages[management];
    return message === undefined ? [] : [{ about: `ConsumptionRole ${requester}/${roleName}`, message }];
  });
  return [...new Map(notes.map((note) => [note.about, note])).values()];
}
