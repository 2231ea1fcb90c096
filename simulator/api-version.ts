/**
 * The API versions that the simulator renders: one before basil (the breaking change of 2025-03-31), basil, and a
 * current one.
 */
export const API_VERSIONS = ['2020-08-27', '2025-03-31.basil', '2026-03-25.dahlia'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

/** Since 2025-03-31.basil, periods belong to items, and invoices name their subscription in `parent`. */
export function isBasilOrLater(apiVersion: ApiVersion): boolean {
  return apiVersion >= '2025-03-31';
}

/** Since clover, subscriptions use flexible billing mode by default, and shapes have more fields. */
export function isCloverOrLater(apiVersion: ApiVersion): boolean {
  return apiVersion >= '2025-09-30';
}
