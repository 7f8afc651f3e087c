/**
 * What a kind of custom resource is made of: one definition gives the TypeScript types, the CRD and the reference page.
 * How a definition becomes a CRD or a page is the business of scripts/generate; how it is read and written is the business of src/kube.
 */
import type { z } from 'zod';
import type { ConditionType } from './conditions.ts';
import type { DeepReadonly, ObjectMeta } from './meta.ts';
import type { Rule } from './schema.ts';

/** API group of all kinds. */
export const group = 'sluice.dev';
/** The only version so far. */
export const version = 'v1alpha1';
/** `apiVersion` of all kinds. */
export const apiVersion = `${group}/${version}` as const;

/** A custom resource as the API server returns it: defaults are filled in, `status` may not be written yet. */
export interface ApiObject<Kind extends string, Spec, Status> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/** Where the API server serves a kind. Has the shape of src/kube's ResourceType, which pure code does not import. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A column of `kubectl get`. Priority 1 is shown with `-o wide` only. `jsonPath` is one simple path (KEP-4595 is provisional). */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 0 | 1;
}

/** What defineKind takes. Texts are shown by `kubectl explain` and on the reference page. */
export interface KindInput<Kind extends string, Spec extends z.ZodObject, Status extends z.ZodObject> {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** Groups for `kubectl get <category>`. */
  readonly categories: readonly string[];
  readonly description: string;
  readonly specSchema: Spec;
  readonly statusSchema: Status;
  readonly columns: readonly Column[];
  /** Rules over the whole spec: immutability and what spans several fields. */
  readonly validations: readonly Rule[];
  /** The condition types that its status carries. */
  readonly conditions: readonly ConditionType[];
}

/** A defined kind. */
export interface KindDefinition<
  Kind extends string = string,
  Spec extends z.ZodObject = z.ZodObject,
  Status extends z.ZodObject = z.ZodObject,
> extends KindInput<Kind, Spec, Status> {
  readonly resource: Resource;
}

/** Completes a definition with the address that the API server gives it. */
export function defineKind<Kind extends string, Spec extends z.ZodObject, Status extends z.ZodObject>(
  input: KindInput<Kind, Spec, Status>,
): KindDefinition<Kind, Spec, Status> {
  const { plural, kind, scope } = input;
  return { ...input, resource: { group, version, plural, kind, namespaced: scope === 'Namespaced' } };
}

/** The spec of a kind as the operator reads it: defaults are present. */
export type SpecOf<K> = K extends { specSchema: infer S extends z.ZodObject } ? DeepReadonly<z.output<S>> : never;
/** The status of a kind. */
export type StatusOf<K> = K extends { statusSchema: infer S extends z.ZodObject } ? DeepReadonly<z.output<S>> : never;
