/** Public surface of the AWS stand-in. */
export { createAws, type Aws, type AwsOptions } from './aws.ts';
export type { CallLog, CallRecord } from './calls.ts';
export type { AwsClock, MovableClock } from './clock.ts';
export type { Direct, DirectOperation, DirectService } from './direct.ts';
export { ConnectionLost, type Fault, type FaultKind, type FaultMatch, type Faults } from './faults.ts';
export type { InProcessHandler } from './handler.ts';
export { listenAws, type AwsServer, type ListenOptions } from './http.ts';
export type { Seed, SeededBucket, SeededKey, SeededRole, SeededUser, SessionCredentials } from './seed.ts';
export type { CallEvent, CallHook, DirectCall } from './serve.ts';
export { defaultSettings, type Settings } from './settings.ts';
export type { AwsState } from './state.ts';
