/**
 * The chart of accounts. Five roots, so that beancount and hledger read the names as they are; what lowers revenue stands
 * below `Income`. The names of docs.stripe.com/revenue-recognition/chart-of-accounts are in docs/money.md.
 */
export const accounts = {
  receivable: 'Assets:Receivable',
  /** Invoice items that wait for their invoice. */
  unbilled: 'Assets:Unbilled',
  /** Moved at Stripe, and its balance transaction was not seen; in the currency of the payment. */
  clearing: 'Assets:Stripe:Clearing',
  /** In settlement currencies, net of fees. */
  balance: 'Assets:Stripe:Balance',
  reserved: 'Assets:Stripe:Reserved',
  inTransit: 'Assets:Stripe:InTransit',
  bank: 'Assets:Bank',
  /** Invoices paid outside Stripe. */
  external: 'Assets:External',
  /** Payments, less refunds and disputes, that are laid to no invoice. */
  unapplied: 'Liabilities:Unapplied',
  deferred: 'Liabilities:Deferred',
  tax: 'Liabilities:Tax',
  /** With debit as plus it equals Stripe's `customer.balance`. */
  customerBalance: 'Liabilities:CustomerBalance',
  customerCash: 'Liabilities:CustomerCash',
  /** Promised by a credit note; the refund was not seen. */
  refundsPayable: 'Liabilities:RefundsPayable',
  externalCredit: 'Liabilities:ExternalCredit',
  credits: 'Liabilities:Credits',
  financing: 'Liabilities:Financing',
  revenue: 'Income:Revenue',
  platformFees: 'Income:PlatformFees',
  /** Got back after it was written off or lost. */
  recoveries: 'Income:Recoveries',
  refunds: 'Income:Contra:Refunds',
  disputes: 'Income:Contra:Disputes',
  creditNotes: 'Income:Contra:CreditNotes',
  voids: 'Income:Contra:Voids',
  unbilledVoids: 'Income:Contra:UnbilledVoids',
  badDebt: 'Income:Contra:BadDebt',
  externalRefunds: 'Income:Contra:ExternalRefunds',
  transfers: 'Income:Contra:Transfers',
  discounts: 'Income:Contra:Discounts',
  feesStripe: 'Expenses:Fees:Stripe',
  feesDispute: 'Expenses:Fees:Dispute',
  feesNetwork: 'Expenses:Fees:Network',
  feesTax: 'Expenses:Fees:Tax',
  feesApplication: 'Expenses:Fees:Application',
  /** Credit that was granted by hand. */
  balanceAdjustments: 'Expenses:BalanceAdjustments',
  /** Taken back beyond what was billed. */
  lossesOther: 'Expenses:Losses:Other',
  lossesConnect: 'Expenses:Losses:Connect',
  climate: 'Expenses:Climate',
  conversion: 'Equity:Conversion',
  opening: 'Equity:Opening',
  /** What nobody could explain; not zero is a task. */
  unexplained: 'Equity:Unexplained',
} as const;

export type Account = (typeof accounts)[keyof typeof accounts];

/** All of them, in the order of the chart. */
export const accountNames: readonly Account[] = Object.values(accounts);

export type Side = 'debit' | 'credit';

/** On which side its balance stands as a rule: what lowers revenue stands on the other side of `Income`. */
export const sideOf = (name: Account): Side => (/^(Assets|Expenses|Income:Contra):/.test(name) ? 'debit' : 'credit');
