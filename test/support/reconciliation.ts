import type { Reconciliation } from '../../packages/client/src/openapi.js';

/**
 * Balances of clearing accounts that differ from the sum of their open items. The answer must look back far enough and
 * not be truncated.
 */
export function unexplainedIn({ data, open, isTruncated }: Reconciliation): readonly string[] {
  if (isTruncated) return ['there is more that is open'];
  const scopeOf = ({
    livemode,
    account,
    currency,
  }: Pick<Reconciliation['data'][number], 'livemode' | 'account' | 'currency'>) => `${livemode} ${account} ${currency}`;
  const sums = new Map<string, number>();
  const add = (key: string, amountMinor: number): void => void sums.set(key, (sums.get(key) ?? 0) + amountMinor);
  for (const one of data)
    for (const { name, balanceMinor } of one.accounts) add(`${name} ${scopeOf(one)}`, balanceMinor);
  for (const one of open) if (one.name !== null) add(`${one.name} ${scopeOf(one)}`, -one.amountMinor);
  return [...sums].filter(([, rest]) => rest !== 0).map(([key, rest]) => `${key}: ${rest}`);
}
