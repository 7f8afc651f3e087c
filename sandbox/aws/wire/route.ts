/**
 * Which operation of a REST service a request means: method, path template, literal query parameters and required members. Other SDKs
 * do not send the `x-id` parameter that the model lists, so it only breaks ties.
 */
import type { WireRequest } from './http.ts';
import type { OperationShape, ServiceModel } from './shape.ts';

/** An operation and the path labels that its template found. */
export interface RouteMatch {
  readonly operation: OperationShape;
  readonly labels: ReadonlyMap<string, string>;
}

interface Route {
  readonly operation: OperationShape;
  readonly method: string;
  readonly pattern: RegExp;
  readonly labels: readonly string[];
  readonly literals: readonly (readonly [name: string, value: string])[];
}

/** Finds operations by request. `implemented` settles ties between operations that differ in nothing but x-id. */
export interface Router {
  /** `hasBucket` says whether the bucket was found outside the path (S3); undefined for all other services. */
  match(request: WireRequest, path: string, hasBucket?: boolean): RouteMatch | undefined;
}

/** Makes a router over all operations of a model that have an HTTP binding. */
export function createRouter(model: ServiceModel, implemented: ReadonlySet<string>): Router {
  const byMethod = Map.groupBy(
    [...model.operations.values()].filter((operation) => operation.http).map(routeOf),
    (route) => route.method,
  );
  return {
    match: (request, path, hasBucket) => {
      let best: { score: number; match: RouteMatch } | undefined;
      for (const route of byMethod.get(request.method) ?? []) {
        const labels = labelsOf(route, path);
        const score = labels && scoreOf(route, request, hasBucket);
        if (labels === undefined || score === undefined) continue;
        const total = score + (implemented.has(route.operation.name) ? 1 : 0);
        if (!best || total > best.score) best = { score: total, match: { operation: route.operation, labels } };
      }
      return best?.match;
    },
  };
}

function routeOf(operation: OperationShape): Route {
  const { method, uri } = operation.http ?? { method: '', uri: '/' };
  const [path = '/', query = ''] = uri.split('?');
  const labels: string[] = [];
  const pattern = path.replaceAll(/\{(\w+)(\+?)\}|[.*()[\]^$|\\]/g, (whole, name?: string, greedy?: string) => {
    if (name === undefined) return `\\${whole}`;
    labels.push(name);
    return greedy ? '(.+)' : '([^/]+)';
  });
  const literals =
    query === '' ? [] : query.split('&').map((pair) => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? ''] as const);
  return { operation, method, pattern: new RegExp(`^${pattern}$`, 's'), labels, literals };
}

function labelsOf(route: Route, path: string): Map<string, string> | undefined {
  const found = route.pattern.exec(path);
  return found ? new Map(route.labels.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')])) : undefined;
}

// Every literal counts more than all required members together, and these more than being implemented.
const LITERAL = 100;
const REQUIRED = 2;

function scoreOf(route: Route, request: WireRequest, hasBucket: boolean | undefined): number | undefined {
  let score = 0;
  for (const [name, value] of route.literals) {
    const sent = request.query.get(name)?.[0];
    if (name === 'x-id') {
      if (sent !== undefined && sent !== value) return undefined;
    } else if (sent === undefined || (value !== '' && sent !== value)) return undefined;
    else score += LITERAL;
  }
  return requiredScore(route, request, hasBucket, score);
}

function requiredScore(route: Route, request: WireRequest, hasBucket: boolean | undefined, start: number): number | undefined {
  let score = start;
  for (const member of route.operation.input.members) {
    const { httpQuery, httpHeader, httpLabel } = member.traits;
    if (hasBucket !== undefined && member.name === 'Bucket' && httpLabel && !hasBucket) return undefined;
    if (!member.required) continue;
    if (typeof httpQuery === 'string') {
      if (!request.query.has(httpQuery)) return undefined;
      score += REQUIRED;
    } else if (typeof httpHeader === 'string' && httpHeader.startsWith('x-amz-copy')) {
      if (request.headers[httpHeader] === undefined) return undefined;
      score += REQUIRED;
    }
  }
  const takesBucket = route.operation.input.members.some((member) => member.name === 'Bucket' && member.traits.httpLabel);
  return hasBucket && !takesBucket ? undefined : score;
}
