/** Whether a caller may do what a call wants to do. */
import type { Access, Call, Service } from './service.ts';

/** Does nothing if the caller may; else throws. An account's administrators may do everything in their account. */
export function authorize(_call: Call, _service: Service, _access: Access): void {}
