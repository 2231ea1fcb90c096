/**
 * The chart of accounts. Five roots, so that beancount and hledger accept the names unchanged; contra revenue is below
 * `Income`. docs/money.md maps the names of docs.stripe.com/revenue-recognition/chart-of-accounts.
 */
export const accounts = {
  receivable: 'Assets:Receivable',
  /** Invoice items not yet invoiced, and revenue earned before it is billed. */
  unbilled: 'Assets:Unbilled',
  /** Money moved at Stripe before its balance transaction is seen; in the currency of the payment. */
  clearing: 'Assets:Stripe:Clearing',
  /** In settlement currencies, net of fees. */
  balance: 'Assets:Stripe:Balance',
  reserved: 'Assets:Stripe:Reserved',
  inTransit: 'Assets:Stripe:InTransit',
  bank: 'Assets:Bank',
  /** Invoices paid outside Stripe. */
  external: 'Assets:External',
  /** Payments, less refunds and disputes, not applied to an invoice. */
  unapplied: 'Liabilities:Unapplied',
  deferred: 'Liabilities:Deferred',
  tax: 'Liabilities:Tax',
  /** Equals Stripe's `customer.balance`, with debit positive. */
  customerBalance: 'Liabilities:CustomerBalance',
  customerCash: 'Liabilities:CustomerCash',
  /** Promised by a credit note; its refund is not seen yet. */
  refundsPayable: 'Liabilities:RefundsPayable',
  externalCredit: 'Liabilities:ExternalCredit',
  credits: 'Liabilities:Credits',
  financing: 'Liabilities:Financing',
  revenue: 'Income:Revenue',
  platformFees: 'Income:PlatformFees',
  /** Recovered after it was written off or lost. */
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
  /** Credit granted by hand. */
  balanceAdjustments: 'Expenses:BalanceAdjustments',
  /** Taken back in excess of what was billed. */
  lossesOther: 'Expenses:Losses:Other',
  lossesConnect: 'Expenses:Losses:Connect',
  climate: 'Expenses:Climate',
  conversion: 'Equity:Conversion',
  opening: 'Equity:Opening',
  /** Balance transactions of an unknown category; a balance other than zero needs review. */
  unexplained: 'Equity:Unexplained',
} as const;

export type Account = (typeof accounts)[keyof typeof accounts];

/** All account names, in the order of the chart. */
export const accountNames: readonly Account[] = Object.values(accounts);

export type Side = 'debit' | 'credit';

/** The normal balance side; contra revenue has the opposite side of `Income`. */
export const sideOf = (name: Account): Side => (/^(Assets|Expenses|Income:Contra):/.test(name) ? 'debit' : 'credit');
