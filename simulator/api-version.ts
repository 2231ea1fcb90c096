/** The API versions whose shapes the simulator renders: before basil, the break of 2025-03-31, and a current one. */
export const API_VERSIONS = ['2020-08-27', '2025-03-31.basil', '2026-03-25.dahlia'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

/** Since 2025-03-31.basil periods belong to items, and invoices name their subscription in `parent`. */
export function isBasilOrLater(apiVersion: ApiVersion): boolean {
  return apiVersion >= '2025-03-31';
}

/** Since clover subscriptions are billed in flexible mode by default; shapes gained fields. */
export function isCloverOrLater(apiVersion: ApiVersion): boolean {
  return apiVersion >= '2025-09-30';
}
