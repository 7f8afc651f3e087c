/**
 * One call from request to reply: find service and caller, decode, apply faults and hooks, authorise, run, record. It knows no service and
 * no transport.
 */
import { authorize } from './authorize.ts';
import type { CallLog } from './calls.ts';
import { callerOf } from './callers.ts';
import { ConnectionLost, faultError, type Fault, type Faults } from './faults.ts';
import { uuid } from './ids.ts';
import type { Call, Caller, Operation, Service, World } from './service.ts';
import { AwsError, encodeError, fail } from './wire/error.ts';
import { bytesOf, type WireReply, type WireRequest } from './wire/http.ts';
import { createProtocol, type Decoded, type Protocol } from './wire/protocol.ts';
import { credentialScope, type CredentialScope } from './wire/sigv4.ts';

/** What hooks are told about a call. `code` is set after a call that failed. */
export interface CallEvent {
  readonly phase: 'before' | 'after';
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  readonly account: string;
  readonly resource: string;
  readonly readOnly: boolean;
  readonly code?: string;
}

/** Told before a call takes effect and after it did, before the client knows: crash tests stop the client there by throwing. */
export type CallHook = (event: CallEvent) => void | Promise<void>;

/** What a running stand-in consists of. */
export interface Engine {
  readonly world: World;
  readonly services: readonly Service[];
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly hooks: Set<CallHook>;
  /** Documents that a write is changing right now. */
  readonly writing: Set<string>;
  /** Request ids have a generator of their own, so that reads do not change the ids of what is made later. */
  readonly requestIds: { random: number };
}

const protocols = new WeakMap<Service, Protocol>();

function protocolOf(service: Service): Protocol {
  let found = protocols.get(service);
  if (!found) {
    found = createProtocol({ ...service.wire, implemented: new Set(Object.keys(service.operations)) });
    protocols.set(service, found);
  }
  return found;
}

/** Answers one request. @throws ConnectionLost and whatever hooks throw; AWS errors are replies */
export async function serve(engine: Engine, received: WireRequest, signal?: AbortSignal): Promise<WireReply> {
  const scope = credentialScope(received);
  const service = engine.services.find((one) => one.accepts(received, scope));
  if (!service) return unknownService(scope);
  const request = service.prepare?.(received) ?? received;
  const requestId = uuid(engine.requestIds);
  const progress: Progress = { operation: 'Unknown', account: '', caller: '', resource: '', readOnly: true, effective: false };
  try {
    const reply = await answer(engine, { service, request, scope, requestId, progress, signal });
    record(engine, { service, scope, requestId, progress });
    return withIds(reply, requestId);
  } catch (error) {
    record(engine, { service, scope, requestId, progress: { ...progress, code: codeOf(error) } });
    if (!(error instanceof AwsError)) throw error;
    const style = { protocol: service.wire.name, model: service.wire.model, bareXml: service.bareXml };
    return withIds(encodeError(style, error, requestId, request.method === 'HEAD'), requestId);
  }
}

/** A call of a client that is in this process, past the wire. */
export interface DirectCall {
  /** Name of the service: "iam", "s3control". */
  readonly service: string;
  readonly operation: string;
  /** As the SDK's command takes it. */
  readonly input: object;
  readonly accessKeyId: string;
  readonly region: string;
}

/** Answers one call without encoding anything: with its faults, hooks and line in the log. @throws AwsError, ConnectionLost and whatever hooks throw */
export async function serveDirectly(engine: Engine, asked: DirectCall, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const service = engine.services.find(({ name }) => name === asked.service);
  const operation = service?.operations[asked.operation];
  if (!service || !operation) throw fail('NotImplemented', `The stand-in has no ${asked.service}:${asked.operation}.`, 501);
  const scope: CredentialScope = { accessKeyId: asked.accessKeyId, region: asked.region, service: asked.service };
  const requestId = uuid(engine.requestIds);
  const progress: Progress = {
    operation: asked.operation,
    account: '',
    caller: '',
    resource: '',
    readOnly: operation.readOnly,
    effective: false,
  };
  const incoming: Incoming = { service, request: noRequest, scope, requestId, progress, signal };
  const name = { name: asked.operation };
  try {
    const { output } = await act(engine, incoming, { operation, decoded: { operation: name, input: { ...asked.input } } });
    record(engine, { service, scope, requestId, progress });
    return output;
  } catch (error) {
    record(engine, { service, scope, requestId, progress: { ...progress, code: codeOf(error) } });
    throw error;
  }
}

const noRequest: WireRequest = {
  method: 'POST',
  host: 'direct',
  path: '/',
  query: new Map(),
  headers: {},
  body: new Uint8Array(),
};

const codeOf = (error: unknown): string =>
  error instanceof AwsError ? error.code : error instanceof ConnectionLost ? error.code : 'Crashed';

interface Progress {
  operation: string;
  account: string;
  caller: string;
  resource: string;
  readOnly: boolean;
  effective: boolean;
  code?: string;
}

interface Incoming {
  readonly service: Service;
  readonly request: WireRequest;
  readonly scope: CredentialScope | undefined;
  readonly requestId: string;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

async function answer(engine: Engine, incoming: Incoming): Promise<WireReply> {
  const { service, request, progress } = incoming;
  const decoded = protocolOf(service).decode(request, service.address?.(engine.world, request));
  progress.operation = decoded.operation.name;
  const operation = service.operations[decoded.operation.name];
  if (!operation) throw notImplemented(service, decoded);
  progress.readOnly = operation.readOnly;
  const { call, output } = await act(engine, incoming, { operation, decoded });
  const reply = protocolOf(service).encode(decoded.operation, output, incoming.requestId);
  return call.reply.status === undefined ? reply : { ...reply, status: call.reply.status };
}

interface Asked {
  readonly operation: Operation;
  readonly decoded: Understood;
}

/** What a request asks for; of its shape only the name matters here. */
interface Understood {
  readonly operation: { readonly name: string };
  readonly input: Record<string, unknown>;
}

async function act(
  engine: Engine,
  incoming: Incoming,
  { operation, decoded }: Asked,
): Promise<{ readonly call: Call; readonly output: Record<string, unknown> }> {
  const { service, progress } = incoming;
  const caller = callerOf(engine.world, service, incoming.scope);
  progress.account = caller.account;
  progress.caller = caller.arn;
  const call = makeCall(engine, incoming, caller, decoded);
  progress.resource = resourceOf(operation, call, decoded);
  return { call, output: await perform(engine, incoming, { operation, call, decoded }) };
}

const notImplemented = (service: Service, decoded: Decoded): AwsError =>
  fail('NotImplemented', `The stand-in knows ${service.name}:${decoded.operation.name} but does not implement it.`, 501);

function makeCall(engine: Engine, incoming: Incoming, caller: Caller, decoded: Understood): Call {
  const { service, request, scope, requestId } = incoming;
  const call: Call = {
    world: engine.world,
    service: service.name,
    operation: decoded.operation.name,
    caller,
    region: scope?.region ?? '',
    now: engine.world.clock.now(),
    requestId,
    request,
    reply: {},
    authorize: (access) => authorize(call, service, access),
  };
  return call;
}

// Faults and the log name the resource; where it cannot be found the call itself says why.
function resourceOf(operation: Operation, call: Call, { input }: Understood): string {
  try {
    return operation.access?.(call, input)?.resource ?? '';
  } catch {
    return '';
  }
}

interface Performance {
  readonly operation: Operation;
  readonly call: Call;
  readonly decoded: Understood;
}

async function perform(
  engine: Engine,
  incoming: Incoming,
  { operation, call, decoded }: Performance,
): Promise<Record<string, unknown>> {
  const { progress, service } = incoming;
  const faults = engine.faults.take({ ...progress, service: service.name });
  const release = lock(engine, service, operation.document?.(call, decoded.input), call);
  try {
    await emit(engine, service, progress, 'before');
    await applyFaults(engine, service, faults, incoming.signal);
    ask(operation, call, decoded);
    const output = operation.run(call, decoded.input) ?? {};
    progress.effective = true;
    await emit(engine, service, progress, 'after');
    if (faults.some((fault) => fault.kind === 'lose-reply')) throw new ConnectionLost();
    return output as Record<string, unknown>;
  } catch (error) {
    if (error instanceof AwsError) await emit(engine, service, { ...progress, code: error.code }, 'after');
    throw error;
  } finally {
    release();
  }
}

function ask(operation: Operation, call: Call, { input }: Understood): void {
  if (operation.check) {
    operation.check(call, input);
    return;
  }
  const access = operation.access?.(call, input);
  if (access) call.authorize(access);
}

// S3 User Guide, ErrorResponses: OperationAborted, "A conflicting conditional operation is currently in progress against this resource".
function lock(engine: Engine, service: Service, document: string | undefined, call: Call): () => void {
  if (document === undefined) return () => undefined;
  const key = `${service.name} ${call.caller.account} ${document}`;
  if (engine.writing.has(key))
    throw new AwsError(service.conflict.code, service.conflict.message, { status: service.conflict.status });
  engine.writing.add(key);
  return () => void engine.writing.delete(key);
}

async function emit(engine: Engine, service: Service, progress: Progress, phase: 'before' | 'after'): Promise<void> {
  for (const hook of engine.hooks) await hook({ ...progress, service: service.name, phase });
}

async function applyFaults(engine: Engine, service: Service, faults: readonly Fault[], signal?: AbortSignal): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'latency') await engine.world.clock.sleep(fault.ms ?? 1000, signal);
    if (fault.kind === 'refuse-connection') throw new ConnectionLost();
    const form = faultError(fault, service);
    if (form) throw new AwsError(form.code, form.message, { status: form.status });
  }
}

interface Recorded {
  readonly service: Service;
  readonly scope: CredentialScope | undefined;
  readonly requestId: string;
  readonly progress: Progress;
}

function record(engine: Engine, { service, scope, requestId, progress }: Recorded): void {
  const time = engine.world.clock.now();
  engine.calls.add({ time, region: scope?.region ?? '', service: service.name, requestId, ...progress });
}

function withIds(reply: WireReply, requestId: string): WireReply {
  reply.headers['x-amzn-requestid'] = requestId;
  reply.headers['x-amz-request-id'] = requestId;
  return reply;
}

const unknownService = (scope: CredentialScope | undefined): WireReply => ({
  status: 501,
  headers: { 'content-type': 'text/plain' },
  body: bytesOf(`The stand-in has no service ${scope?.service ?? '(unsigned request)'}.\n`),
  streaming: false,
});
