/**
 * Everything the stand-in remembers, as plain data (no functions, no classes), so that a snapshot is one structured copy. A later service
 * adds its own part here and its own folder beside.
 */
import { emptyIam, type IamState } from './iam/model.ts';
import { emptyKms, type KmsState } from './kms/model.ts';
import { emptyS3, type S3State } from './s3/model.ts';
import { emptyAccessPoints, type AccessPointState } from './s3control/model.ts';
import { emptySts, type StsState } from './sts/model.ts';

/** State of all services. */
export interface AwsState {
  /** State of the random generator: ids are the same in every run with the same seed. */
  random: number;
  iam: IamState;
  sts: StsState;
  s3: S3State;
  accessPoints: AccessPointState;
  kms: KmsState;
}

/** A world without any account's resources. */
export function emptyState(seed: number): AwsState {
  return {
    random: seed >>> 0,
    iam: emptyIam(),
    sts: emptySts(),
    s3: emptyS3(),
    accessPoints: emptyAccessPoints(),
    kms: emptyKms(),
  };
}
