/** The types of docs/openapi.json. Made by "npm run openapi": change openapi/, not this file. */

export interface paths {
    readonly "/": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An index of the service */
        readonly get: operations["getIndex"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The process runs and answers */
        readonly get: operations["getHealthLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health/ready": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether this process can do the work of its roles */
        readonly get: operations["getHealthReady"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health/ready/reads": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether the read API is ready here */
        readonly get: operations["getHealthReadyReads"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Metrics for Prometheus */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** This document */
        readonly get: operations["getOpenapiJson"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/problems": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** All problem codes and their meaning */
        readonly get: operations["getProblems"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/problems/{code}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The meaning of a problem code */
        readonly get: operations["getProblemsByCode"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether a customer, or a person by email, has access */
        readonly get: operations["getAccess"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access-changes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Access changes with their reasons, in log order */
        readonly get: operations["getAccessChanges"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access-changes/approve": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Approve the held access changes */
        readonly post: operations["postAccessChangesApprove"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access-changes/held": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Access changes that wait for approval */
        readonly get: operations["getAccessChangesHeld"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access-changes/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Each access change, as it is recorded */
        readonly get: operations["getAccessChangesLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/access-changes/reject": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Reject the held access changes, with a reason */
        readonly post: operations["postAccessChangesReject"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/accounts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The chart of accounts, with balances */
        readonly get: operations["getAccounts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/accounts/{name}/postings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The postings of an account */
        readonly get: operations["getAccountsByNamePostings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/checkout-sessions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: checkout session */
        readonly get: operations["getCheckoutSessions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/checkout-sessions/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One checkout session */
        readonly get: operations["getCheckoutSessionsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/churn-risk": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Subscriptions at risk because of failed payments */
        readonly get: operations["getChurnRisk"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/closings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Closed months, newest first */
        readonly get: operations["getClosings"];
        readonly put?: never;
        /** Close a month and the open months before it */
        readonly post: operations["postClosings"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/closings/{month}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A closed month, with its balances */
        readonly get: operations["getClosingsByMonth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/closings/{month}/corrections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Corrections of a closed month since its closing */
        readonly get: operations["getClosingsByMonthCorrections"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/closings/{month}/posted-corrections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Corrections of closed months that are posted in a month */
        readonly get: operations["getClosingsByMonthPostedCorrections"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/closings/{month}/reopen": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Reopen the last closed month */
        readonly post: operations["postClosingsByMonthReopen"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/coupons": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: coupon */
        readonly get: operations["getCoupons"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/coupons/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One coupon */
        readonly get: operations["getCouponsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/credit-notes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: credit note */
        readonly get: operations["getCreditNotes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/credit-notes/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One credit note */
        readonly get: operations["getCreditNotesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Customers */
        readonly get: operations["getCustomers"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A customer, with subscriptions, invoices and payments */
        readonly get: operations["getCustomersById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/access": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether a customer has access, until when, and why */
        readonly get: operations["getCustomersByIdAccess"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/access-changes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The access decisions about a customer, newest first */
        readonly get: operations["getCustomersByIdAccessChanges"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/invoices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The invoices of a customer */
        readonly get: operations["getCustomersByIdInvoices"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The current state of a customer, and each later one */
        readonly get: operations["getCustomersByIdLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/mrr": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A customer’s MRR over time, with causes */
        readonly get: operations["getCustomersByIdMrr"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/refresh": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Read a customer, its subscriptions and open invoices from Stripe now */
        readonly post: operations["postCustomersByIdRefresh"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/customers/{id}/subscriptions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The subscriptions of a customer */
        readonly get: operations["getCustomersByIdSubscriptions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/disputes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Disputes */
        readonly get: operations["getDisputes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/disputes/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A dispute with its movements of money */
        readonly get: operations["getDisputesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Recorded events, newest first */
        readonly get: operations["getEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Each new event, as it is recorded */
        readonly get: operations["getEventsLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An event: its deliveries, its place in the log, its changes */
        readonly get: operations["getEventsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events/{id}/body": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The body of an event, byte by byte */
        readonly get: operations["getEventsByIdBody"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/find": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Find objects by id, e-mail address or reference */
        readonly get: operations["getFind"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/findings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The lists of findings */
        readonly get: operations["getFindings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/findings/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The findings of one list */
        readonly get: operations["getFindingsByName"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/invoices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Invoices */
        readonly get: operations["getInvoices"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/invoices/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An invoice with its payments */
        readonly get: operations["getInvoicesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/invoices/{id}/journal": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The book of an invoice: entries, balances after each, and revenue by month */
        readonly get: operations["getInvoicesByIdJournal"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/journal": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Entries of the double-entry journal, with their postings */
        readonly get: operations["getJournal"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/journal/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The journal as a file for beancount, hledger, a spreadsheet or a program */
        readonly get: operations["getJournalExport"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/journal/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An entry of the journal */
        readonly get: operations["getJournalById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Monthly recurring revenue over time, with its movements */
        readonly get: operations["getMrr"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/cohorts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Customers by starting month, and how many remain */
        readonly get: operations["getMrrCohorts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/committed": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** MRR less subscriptions set to end within some days */
        readonly get: operations["getMrrCommitted"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/customers": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** MRR by customer at the end of a day, compared with an earlier day */
        readonly get: operations["getMrrCustomers"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/movements": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Movements of MRR, each with its causes */
        readonly get: operations["getMrrMovements"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/movements/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A movement of MRR */
        readonly get: operations["getMrrMovementsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/retention": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Retention of MRR and customers */
        readonly get: operations["getMrrRetention"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/trials": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Trials that ended, and those that converted */
        readonly get: operations["getMrrTrials"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/mrr/trials/ended": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The trials that ended, one by one */
        readonly get: operations["getMrrTrialsEnded"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/operations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Operations, newest first */
        readonly get: operations["getOperations"];
        readonly put?: never;
        /** Request a rebuild, dry run, rollback, replay or verification */
        readonly post: operations["postOperations"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/operations/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An operation with its progress and result */
        readonly get: operations["getOperationsById"];
        readonly put?: never;
        readonly post?: never;
        /** Cancel an operation */
        readonly delete: operations["deleteOperationsById"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/parked": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Streams that a projection could not fold */
        readonly get: operations["getParked"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/parked/replay": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Fold all parked streams again */
        readonly post: operations["postParkedReplay"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/parked/{projection}/{stream}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A parked stream, with the stack of its error */
        readonly get: operations["getParkedByProjectionByStream"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/parked/{projection}/{stream}/replay": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Fold a parked stream again */
        readonly post: operations["postParkedByProjectionByStreamReplay"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payment-methods": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: payment method */
        readonly get: operations["getPaymentMethods"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payment-methods/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One payment method */
        readonly get: operations["getPaymentMethodsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Payments */
        readonly get: operations["getPayments"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payments/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A payment, by its intent or a charge */
        readonly get: operations["getPaymentsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payouts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: payout */
        readonly get: operations["getPayouts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payouts/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One payout */
        readonly get: operations["getPayoutsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/payouts/{id}/reconciliation": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The transactions of a payout, and what is unexplained */
        readonly get: operations["getPayoutsByIdReconciliation"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/prices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: price */
        readonly get: operations["getPrices"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/prices/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One price */
        readonly get: operations["getPricesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/products": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: product */
        readonly get: operations["getProducts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/products/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One product */
        readonly get: operations["getProductsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/projections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The positions of the read models */
        readonly get: operations["getProjections"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/promotion-codes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: promotion code */
        readonly get: operations["getPromotionCodes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/promotion-codes/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One promotion code */
        readonly get: operations["getPromotionCodesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/reconciliation": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Unexplained money at Stripe and on its way to the bank */
        readonly get: operations["getReconciliation"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/refunds": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Refunds */
        readonly get: operations["getRefunds"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/refunds/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A refund */
        readonly get: operations["getRefundsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/revenue": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Income by month, and deferred revenue at the end of each */
        readonly get: operations["getRevenue"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/revenue/deferred": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Deferred revenue at a moment, by earning month or by what was sold */
        readonly get: operations["getRevenueDeferred"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/revenue/recognised": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Recognised revenue, by what was sold */
        readonly get: operations["getRevenueRecognised"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/revenue/waterfall": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Revenue by month of billing and month of earning */
        readonly get: operations["getRevenueWaterfall"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The health of the service, in a sentence and in numbers */
        readonly get: operations["getStatus"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/streams/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The events of a stream */
        readonly get: operations["getStreamsByName"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stripe/coverage": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The time until which the log has all events that Stripe lists */
        readonly get: operations["getStripeCoverage"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stripe/runs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Backfills, recoveries and comparisons, newest first */
        readonly get: operations["getStripeRuns"];
        readonly put?: never;
        /** Start a backfill, a recovery of events, or a comparison */
        readonly post: operations["postStripeRuns"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stripe/runs/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A run with its progress and result */
        readonly get: operations["getStripeRunsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stripe/runs/{id}/findings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The differences from Stripe that a run found */
        readonly get: operations["getStripeRunsByIdFindings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stripe/runs/{id}/stop": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Stop a run */
        readonly post: operations["postStripeRunsByIdStop"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscription-schedules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: subscription schedule */
        readonly get: operations["getSubscriptionSchedules"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscription-schedules/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One subscription schedule */
        readonly get: operations["getSubscriptionSchedulesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Subscriptions */
        readonly get: operations["getSubscriptions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A subscription */
        readonly get: operations["getSubscriptionsById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The events of a subscription in logical order */
        readonly get: operations["getSubscriptionsByIdEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The current state of a subscription, and each later one */
        readonly get: operations["getSubscriptionsByIdLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}/mrr": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A subscription’s MRR over time, with causes */
        readonly get: operations["getSubscriptionsByIdMrr"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}/refresh": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Read a subscription from Stripe now, and append what the ledger lacks */
        readonly post: operations["postSubscriptionsByIdRefresh"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/subscriptions/{id}/upcoming": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The next invoice of a subscription, as previewed */
        readonly get: operations["getSubscriptionsByIdUpcoming"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/trial-balance": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The balance of every account, at the end of a month or at a moment */
        readonly get: operations["getTrialBalance"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/upcoming-invoices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A list: upcoming invoice of the subscription */
        readonly get: operations["getUpcomingInvoices"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/upcoming-invoices/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One upcoming invoice of the subscription */
        readonly get: operations["getUpcomingInvoicesById"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/webhooks/stripe": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Receives Stripe’s deliveries */
        readonly post: operations["postWebhooksStripe"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly Access: {
            readonly customers: readonly string[];
            /** Format: date-time */
            readonly at: string;
            readonly granted: boolean;
            /** Format: date-time */
            readonly until: string | null;
            readonly reason: components["schemas"]["AccessReason"];
            readonly isComplete: boolean;
            readonly products: readonly string[];
            readonly entitlements: readonly string[];
            readonly unseenSubscriptions: readonly string[];
            readonly considered: readonly {
                readonly granted: boolean;
                /** Format: date-time */
                readonly until: string | null;
                readonly products: readonly string[];
                readonly refunded: boolean | null;
                readonly reason: components["schemas"]["AccessReason"];
            }[];
            readonly customer?: string;
            readonly asOf?: components["schemas"]["AsOf"];
        };
        readonly AccessChange: {
            readonly id: string;
            readonly type: string;
            readonly position: string;
            readonly customer: string;
            readonly reference: string | null;
            readonly revision: number;
            readonly before: {
                readonly granted: boolean;
                readonly products: readonly string[];
                readonly entitlements: readonly string[];
            };
            readonly now: {
                readonly granted: boolean;
                readonly products: readonly string[];
                readonly entitlements: readonly string[];
                /** Format: date-time */
                readonly until: string | null;
                readonly reason: components["schemas"]["AccessReason"];
                readonly isComplete: boolean;
                readonly unseenSubscriptions: readonly string[];
            };
            readonly because: {
                /** @description One of event, time, policy, repair; more may be added. */
                readonly kind: string;
                readonly stripeEventId?: string | null;
                readonly position?: string;
            };
            /** Format: date-time */
            readonly decidedAt: string;
        };
        readonly AccessFeed: {
            readonly data: readonly components["schemas"]["AccessChange"][];
            readonly nextAfter: string | null;
        };
        readonly AccessHistory: {
            readonly data: readonly {
                readonly id: string;
                readonly type: string;
                readonly position: string;
                readonly customer: string;
                readonly reference: string | null;
                readonly revision: number;
                readonly before: {
                    readonly granted: boolean;
                    readonly products: readonly string[];
                    readonly entitlements: readonly string[];
                };
                readonly now: {
                    readonly granted: boolean;
                    readonly products: readonly string[];
                    readonly entitlements: readonly string[];
                    /** Format: date-time */
                    readonly until: string | null;
                    readonly reason: components["schemas"]["AccessReason"];
                    readonly isComplete: boolean;
                    readonly unseenSubscriptions: readonly string[];
                };
                readonly because: {
                    /** @description One of event, time, policy, repair; more may be added. */
                    readonly kind: string;
                    readonly stripeEventId?: string | null;
                    readonly position?: string;
                };
                /** Format: date-time */
                readonly decidedAt: string;
                readonly isBaseline: boolean;
                readonly rejected: {
                    readonly by: string;
                    readonly why: string;
                    /** Format: date-time */
                    readonly at: string;
                } | null;
            }[];
            readonly nextCursor: string | null;
        };
        /** @description The rule, and its basis: a subscription, an entitlement, or nothing. */
        readonly AccessReason: {
            readonly rule: string;
            readonly customer?: string;
            readonly subscription?: string;
            readonly status?: string;
            /** Format: date-time */
            readonly statusSince?: string;
            readonly statusEvent?: string;
            /** Format: date-time */
            readonly pastDueSince?: string | null;
            readonly paid?: readonly components["schemas"]["PaidInvoice"][];
            readonly isPaidAfterEnd?: boolean;
            /** Format: date-time */
            readonly clockTime?: string | null;
            readonly isStale?: boolean;
            readonly entitlement?: string;
            readonly feature?: string;
            readonly lookupKey?: string;
            readonly changedBy?: components["schemas"]["ChangedBy"];
        };
        readonly AccountBalance: {
            readonly name: string;
            /** @description In minor units of the accompanying currency. */
            readonly startMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly debitMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly creditMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly endMinor: number;
            /** @description The part of debit less credit that corrects closed months. */
            readonly correctionMinor: number;
        };
        readonly AccountPosting: {
            readonly entry: string;
            readonly no: number;
            readonly kind: string;
            /** Format: date-time */
            readonly effectiveAt: string;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly balanceMinor: number;
            readonly line: string | null;
            readonly object: string | null;
            readonly invoice: string | null;
            readonly customer: string | null;
            readonly stripeEvent: string | null;
        };
        readonly AccountPostings: {
            readonly name: string;
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            readonly from: string;
            readonly to: string;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            /** @description In minor units of the accompanying currency. */
            readonly startMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly endMinor: number;
            readonly data: readonly components["schemas"]["AccountPosting"][];
            readonly nextCursor: string | null;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Acknowledged: {
            /** @description One of appended, duplicate, quarantined; more may be added. */
            readonly outcome: string;
            readonly stream: string;
            readonly revision: string;
            readonly position: string | null;
        };
        readonly Alive: {
            readonly status: string;
        };
        readonly Approved: {
            readonly approved: number;
        };
        readonly AsOf: {
            /** Format: date-time */
            readonly trueAt: string | null;
            readonly knownAt: string | null;
            readonly revision: string | null;
            readonly position: string | null;
        };
        /** @description The last balance that Stripe reported, and the balance of the books at that time. */
        readonly BalanceCheckpoint: {
            /** Format: date-time */
            readonly at: string;
            /** @description In minor units of the accompanying currency. */
            readonly stripeMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly balanceMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly clearingMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly unseenMinor: number;
        };
        /** @description The position and policy of the books, and what is known to be missing in them. */
        readonly Books: {
            readonly position: string | null;
            readonly policy: string;
            readonly behindKeys: number;
            readonly parkedKeys: number;
            readonly parkedStreams: number;
        };
        /** @description The Stripe event behind this state. */
        readonly ChangedBy: {
            readonly stripeEventId: string;
            readonly type: string;
            /** Format: date-time */
            readonly created: string;
            readonly apiVersion: string | null;
        };
        readonly Charge: {
            readonly id: string;
            readonly object: string;
            readonly payment: string;
            /** @description One of requires_payment_method, requires_source, requires_confirmation, requires_action, requires_source_action, processing, requires_capture, succeeded, canceled, pending, failed; more may be added. */
            readonly status: string;
            readonly customer: string | null;
            readonly currency: string;
            readonly amountMinor: number;
            readonly amountReceivedMinor: number;
            readonly amountRefundedMinor: number | null;
            readonly formerRefundedMinor: number | null;
            /** Format: date-time */
            readonly refundedChangedAt: string | null;
            readonly isReleaseCounted: boolean | null;
            /** Format: date-time */
            readonly capturedAt: string | null;
            readonly isCaptured: boolean | null;
            readonly paymentMethod: string | null;
            readonly balanceTransaction: string | null;
            readonly failureCode: string | null;
            readonly declineCode: string | null;
            readonly failureMessage: string | null;
            readonly presentmentCurrency: string | null;
            readonly presentmentAmountMinor: number | null;
            readonly isDisputed: boolean;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly canceledAt: string | null;
            readonly cancellationReason: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly ChartAccount: {
            readonly name: string;
            /** @description One of debit, credit; more may be added. */
            readonly side: string;
            readonly balances: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly balanceMinor: number;
            }[];
        };
        readonly ChartOfAccounts: {
            readonly month: string | null;
            /** Format: date-time */
            readonly asOf: string | null;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            readonly data: readonly components["schemas"]["ChartAccount"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly CheckoutSession: {
            readonly id: string;
            /** @description One of payment, setup, subscription; more may be added. */
            readonly mode: string | null;
            /** @description One of open, complete, expired; more may be added. */
            readonly status: string | null;
            /** @description One of unpaid, paid, no_payment_required; more may be added. */
            readonly paymentStatus: string | null;
            readonly customer: string | null;
            readonly email: string | null;
            readonly clientReferenceId: string | null;
            readonly subscription: string | null;
            readonly invoice: string | null;
            readonly paymentIntent: string | null;
            readonly setupIntent: string | null;
            readonly paymentLink: string | null;
            readonly currency: string | null;
            readonly amountSubtotalMinor: number | null;
            readonly amountTotalMinor: number | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly expiresAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly reference?: string | null;
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly CheckoutSessionPage: {
            readonly data: readonly components["schemas"]["CheckoutSession"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly ChurnRisk: {
            readonly id: string;
            readonly customer: string | null;
            /** @description One of past_due, unpaid; more may be added. */
            readonly status: string;
            readonly collectionMethod: string;
            readonly currency: string | null;
            readonly amountMinor: number;
            readonly overdueInvoices: number;
            /** Format: date-time */
            readonly pastDueSince: string;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly lastFailure: {
                readonly invoice: string;
                /** Format: date-time */
                readonly at: string | null;
                readonly attempt: number | null;
                /** Format: date-time */
                readonly nextAttempt: string | null;
                readonly code: string | null;
            } | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly ChurnRisks: {
            readonly data: readonly components["schemas"]["ChurnRisk"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly ClosedMonths: {
            readonly data: readonly components["schemas"]["Closing"][];
        };
        readonly Closing: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly month: string;
            readonly zone: string;
            readonly position: string;
            readonly policy: string;
            readonly build: string;
            readonly by: string;
            /** Format: date-time */
            readonly closedAt: string;
            readonly accepted: readonly string[];
            readonly previous: string | null;
            readonly hash: string;
            readonly rows?: {
                readonly name: string;
                readonly hash: string;
                readonly chunks: {
                    readonly entries: number;
                    readonly revenue: number;
                    readonly schedules: number;
                    readonly booked: number;
                    readonly corrections?: number;
                };
            };
            /** @description The policy that the books followed. */
            readonly rules?: {
                readonly [key: string]: unknown;
            };
        };
        readonly ClosingRequest: {
            readonly month: string;
            /** @default true */
            readonly livemode: boolean;
            readonly account?: string;
            /** @default false */
            readonly accept: boolean;
        };
        readonly ClosingWithBalances: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly month: string;
            readonly zone: string;
            readonly position: string;
            readonly policy: string;
            readonly build: string;
            readonly by: string;
            /** Format: date-time */
            readonly closedAt: string;
            readonly accepted: readonly string[];
            readonly previous: string | null;
            readonly hash: string;
            readonly balances: readonly {
                readonly currency: string;
                readonly accounts: readonly components["schemas"]["AccountBalance"][];
            }[];
            readonly rows?: {
                readonly name: string;
                readonly hash: string;
                readonly chunks: {
                    readonly entries: number;
                    readonly revenue: number;
                    readonly schedules: number;
                    readonly booked: number;
                    readonly corrections?: number;
                };
            };
            /** @description The policy that the books followed. */
            readonly rules?: {
                readonly [key: string]: unknown;
            };
        };
        readonly Closings: {
            readonly data: readonly components["schemas"]["Closing"][];
            readonly nextCursor: string | null;
        };
        readonly CommittedMrr: {
            /** Format: date-time */
            readonly at: string;
            /** Format: date-time */
            readonly until: string;
            readonly withinDays: number;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly mrrMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly changesMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly endingMinor: number;
                readonly endingSubscriptions: number;
                /** @description In minor units of the accompanying currency. */
                readonly committedMinor: number;
                readonly scheduledSubscriptions: number;
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        /** @description A correction of closed months: the amounts of an entry now, less its amounts when its month was closed. */
        readonly Correction: {
            readonly id: string;
            readonly kind: string;
            /** @description One of added, changed, gone, not_kept; more may be added. */
            readonly change: string;
            readonly month: string;
            /** Format: date-time */
            readonly effectiveAt: string;
            readonly object: string | null;
            readonly book: string | null;
            readonly invoice: string | null;
            readonly customer: string | null;
            readonly stripeEvent: string | null;
            readonly position: string | null;
            readonly postings: readonly {
                readonly name: string;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
            }[];
        };
        readonly Corrections: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly month: string;
            readonly position: string;
            readonly accounts: readonly {
                readonly currency: string;
                readonly name: string;
                /** @description In minor units of the accompanying currency. */
                readonly closedMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly nowMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly changeMinor: number;
            }[];
            readonly data: readonly components["schemas"]["Correction"][];
            readonly nextCursor: string | null;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Coupon: {
            readonly id: string;
            readonly scope: string;
            readonly name: string | null;
            readonly terms: components["schemas"]["CouponTerms"];
            readonly isValid: boolean | null;
            readonly timesRedeemed: number | null;
            readonly maxRedemptions: number | null;
            /** Format: date-time */
            readonly redeemBy: string | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly CouponPage: {
            readonly data: readonly components["schemas"]["Coupon"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly CouponTerms: {
            readonly percentOff: string | null;
            /** @description In minor units of the currency beside it. */
            readonly amountOffMinor: number | null;
            readonly currency: string | null;
            readonly duration: string | null;
            readonly durationInMonths: number | null;
            readonly products: readonly string[] | null;
        };
        readonly CreditNote: {
            readonly id: string;
            readonly number: string | null;
            /** @description One of issued, void; more may be added. */
            readonly status: string;
            readonly type: string;
            readonly reason: string | null;
            readonly invoice: string;
            readonly customer: string | null;
            readonly currency: string;
            readonly amountMinor: number;
            readonly subtotalMinor: number;
            readonly totalMinor: number;
            readonly taxMinor: number | null;
            readonly prePaymentAmountMinor: number;
            readonly postPaymentAmountMinor: number;
            readonly outOfBandAmountMinor: number;
            readonly customerBalanceTransaction: string | null;
            readonly refunds: readonly components["schemas"]["RefundOfCreditNote"][];
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly voidedAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly CreditNotePage: {
            readonly data: readonly components["schemas"]["CreditNote"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly CurrentPhase: {
            /** Format: date-time */
            readonly startsAt: string;
            /** Format: date-time */
            readonly endsAt: string;
        };
        readonly Customer: {
            readonly id: string;
            readonly email: string | null;
            readonly name: string | null;
            readonly currency: string | null;
            readonly balanceMinor: number | null;
            readonly isDelinquent: boolean | null;
            readonly defaultPaymentMethod: string | null;
            readonly discounts: readonly components["schemas"]["Discount"][] | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            readonly testClock: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly reference?: string | null;
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly CustomerEverything: {
            readonly id: string;
            readonly customer: components["schemas"]["Customer"] | null;
            readonly subscriptions: components["schemas"]["Subscriptions"];
            readonly invoices: components["schemas"]["Invoices"];
            readonly payments: components["schemas"]["Payments"];
            readonly paymentMethods: readonly components["schemas"]["PaymentMethodOfCustomer"][];
        };
        readonly CustomerMrr: {
            readonly customer: string;
            readonly steps: readonly {
                readonly customer: string;
                readonly currency: string;
                /** Format: date-time */
                readonly at: string;
                readonly mrrMinor: number;
                readonly annualMinor: number;
                readonly subscriptions: number;
                readonly isIncomplete: boolean;
            }[];
            readonly items: readonly components["schemas"]["MrrItem"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Customers: {
            readonly data: readonly components["schemas"]["Customer"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Deferred: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            /** @description In minor units of the accompanying currency. */
            readonly deferredMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly currentMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly longTermMinor: number;
            readonly by: readonly {
                readonly key: string | null;
                /** @description In minor units of the accompanying currency. */
                readonly deferredMinor: number;
            }[];
        };
        readonly DeferredRevenue: {
            readonly month: string | null;
            /** Format: date-time */
            readonly asOf: string | null;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            readonly shownRestated: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
            }[];
            readonly data: readonly components["schemas"]["Deferred"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Discount: {
            readonly id: string | null;
            readonly coupon: string | null;
            readonly terms: components["schemas"]["CouponTerms"] | null;
            readonly promotionCode: string | null;
            /** Format: date-time */
            readonly startsAt: string | null;
            /** Format: date-time */
            readonly endsAt: string | null;
        };
        readonly Dispute: {
            readonly id: string;
            /** @description One of warning_needs_response, warning_under_review, warning_closed, needs_response, under_review, won, lost, charge_refunded, prevented, appeal_needs_response, appeal_under_review; more may be added. */
            readonly status: string;
            readonly isInquiry: boolean;
            readonly reason: string | null;
            readonly amountMinor: number;
            readonly currency: string;
            readonly charge: string;
            readonly paymentIntent: string | null;
            /** Format: date-time */
            readonly evidenceDueBy: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly movements: readonly components["schemas"]["DisputeMovement"][];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly customer?: string | null;
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly DisputeMovement: {
            readonly dispute: string;
            readonly id: string;
            readonly amountMinor: number;
            readonly feeMinor: number;
            readonly netMinor: number;
            readonly currency: string;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly Disputes: {
            readonly data: readonly components["schemas"]["Dispute"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Event: {
            readonly stripeEventId: string | null;
            /** Format: uuid */
            readonly eventId: string;
            readonly type: string;
            /** Format: date-time */
            readonly created: string | null;
            readonly object: {
                readonly kind: string | null;
                readonly id: string | null;
            };
            readonly account: string | null;
            readonly livemode: boolean | null;
            readonly apiVersion: string | null;
            /** @description One of webhook, events_api, observation, absence; more may be added. */
            readonly source: string | null;
            readonly observation: {
                /** Format: date-time */
                readonly askedAt: string;
                /** Format: date-time */
                readonly answeredAt: string;
                readonly reason: string | null;
                readonly run: string | null;
            } | null;
            readonly endpoint: string | null;
            /** Format: date-time */
            readonly receivedAt: string | null;
            /** Format: date-time */
            readonly signedAt: string | null;
            /** Format: date-time */
            readonly recordedAt: string;
            readonly stream: string;
            readonly revision: string;
            readonly position: string;
            readonly bodySha256: string | null;
            readonly contentHash: string | null;
            /** @description One of not_an_event, envelope, thin_event, reserved_type, no_object, no_real_id, conflict, stream_deleted; more may be added. */
            readonly quarantine: string | null;
        };
        readonly EventWithDeliveries: {
            readonly stripeEventId: string | null;
            /** Format: uuid */
            readonly eventId: string;
            readonly type: string;
            /** Format: date-time */
            readonly created: string | null;
            readonly object: {
                readonly kind: string | null;
                readonly id: string | null;
            };
            readonly account: string | null;
            readonly livemode: boolean | null;
            readonly apiVersion: string | null;
            /** @description One of webhook, events_api, observation, absence; more may be added. */
            readonly source: string | null;
            readonly observation: {
                /** Format: date-time */
                readonly askedAt: string;
                /** Format: date-time */
                readonly answeredAt: string;
                readonly reason: string | null;
                readonly run: string | null;
            } | null;
            readonly endpoint: string | null;
            /** Format: date-time */
            readonly receivedAt: string | null;
            /** Format: date-time */
            readonly signedAt: string | null;
            /** Format: date-time */
            readonly recordedAt: string;
            readonly stream: string;
            readonly revision: string;
            readonly position: string;
            readonly bodySha256: string | null;
            readonly contentHash: string | null;
            /** @description One of not_an_event, envelope, thin_event, reserved_type, no_object, no_real_id, conflict, stream_deleted; more may be added. */
            readonly quarantine: string | null;
            readonly renderings: readonly {
                readonly eventId: string;
                readonly apiVersion: string | null;
                readonly stream: string;
                readonly revision: string;
                readonly position: string;
            }[];
            readonly deliveries: readonly {
                /** Format: date-time */
                readonly at: string;
                readonly outcome: string;
                readonly endpoint: string;
                readonly signatureAgeS: number;
            }[] | null;
            readonly changed: readonly {
                readonly table: string;
                readonly key: {
                    readonly [key: string]: unknown;
                };
            }[];
        };
        readonly Events: {
            readonly data: readonly components["schemas"]["Event"][];
            readonly nextCursor: string | null;
        };
        readonly FinalizationError: {
            readonly code: string | null;
            readonly type: string | null;
            readonly message: string | null;
        };
        readonly Find: {
            readonly data: readonly {
                readonly kind: string;
                readonly id: string;
                readonly title: string | null;
                readonly href: string;
                readonly by: string;
            }[];
            readonly searched: readonly string[];
        };
        readonly Finding: {
            /** @description One of invoice, subscription, customer; more may be added. */
            readonly kind: string;
            readonly id: string;
            /** Format: date-time */
            readonly at: string;
            readonly customer: string | null;
            /** @description The evidence. Which fields are present depends on the list. */
            readonly details: {
                readonly subscription?: string | null;
                readonly invoice?: string;
                readonly status?: string;
                /** Format: date-time */
                readonly dueDate?: string | null;
                readonly attemptCount?: number;
                /** Format: date-time */
                readonly nextPaymentAttempt?: string | null;
                readonly currency?: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountRemainingMinor?: number;
                /** @description In minor units of the accompanying currency. */
                readonly amountPaidMinor?: number;
                /** @description In minor units of the accompanying currency. */
                readonly totalMinor?: number;
                readonly error?: components["schemas"]["FinalizationError"];
                readonly namedBy?: string;
                /** Format: date-time */
                readonly paidAt?: string | null;
                /** Format: date-time */
                readonly endedAt?: string;
                readonly lastEvent?: string;
                /** Format: date-time */
                readonly lastEventAt?: string;
                readonly others?: readonly string[];
                readonly email?: string;
                readonly paymentMethod?: string | null;
                readonly last4?: string | null;
                /** Format: date-time */
                readonly expiresAt?: string | null;
                /** @description One of no_payment_method, removed, expires; more may be added. */
                readonly because?: string;
            };
            readonly href: string;
        };
        readonly FindingLists: {
            readonly data: readonly {
                readonly name: string;
                readonly says: string;
                readonly href: string;
            }[];
        };
        readonly Findings: {
            readonly data: readonly components["schemas"]["Finding"][];
            readonly nextCursor: string | null;
        };
        readonly Health: {
            readonly ready: boolean;
            readonly intake: {
                readonly ready: boolean;
                readonly state: string;
                readonly eventStore?: string;
            };
            readonly reads: {
                readonly ready: boolean;
                readonly state: string;
                readonly postgres?: string;
                readonly catchUp?: string;
                readonly cause?: string;
                readonly building?: readonly string[];
                readonly parked?: {
                    readonly [key: string]: number;
                };
                readonly lagSeconds?: number | null;
            };
            readonly roles?: readonly string[];
        };
        readonly HeldChanges: {
            readonly data: readonly {
                readonly customer: string;
                readonly reference: string | null;
                readonly revision: number;
                readonly before: {
                    readonly granted: boolean;
                    readonly products: readonly string[];
                    readonly entitlements: readonly string[];
                };
                readonly now: {
                    readonly granted: boolean;
                    readonly products: readonly string[];
                    readonly entitlements: readonly string[];
                    /** Format: date-time */
                    readonly until: string | null;
                    readonly reason: components["schemas"]["AccessReason"];
                    readonly isComplete: boolean;
                    readonly unseenSubscriptions: readonly string[];
                };
                readonly because: {
                    /** @description One of event, time, policy, repair; more may be added. */
                    readonly kind: string;
                    readonly stripeEventId?: string | null;
                    readonly position?: string;
                };
                /** Format: date-time */
                readonly decidedAt: string;
                readonly hold: string;
            }[];
            readonly count: number;
            readonly nextCursor: string | null;
        };
        readonly IncomeMonth: {
            readonly month: string;
            /** @description In minor units of the accompanying currency. */
            readonly revenueMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly contraMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly otherMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly netMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly deferredMinor: number;
        };
        readonly Incomes: {
            readonly from: string;
            readonly to: string;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                readonly months: readonly components["schemas"]["IncomeMonth"][];
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Index: {
            readonly name: string;
            readonly webhook: string;
            readonly reads: readonly string[];
            readonly operations: readonly string[];
            readonly problems: string;
            readonly document: string;
            readonly authorization: string;
        };
        readonly Invoice: {
            readonly id: string;
            readonly number: string | null;
            /** @description One of draft, open, uncollectible, paid, void; more may be added. */
            readonly status: string;
            readonly customer: string | null;
            readonly subscription: string | null;
            readonly subscriptions: readonly string[];
            readonly currency: string;
            readonly subtotalMinor: number;
            readonly taxMinor: number | null;
            readonly discountMinor: number | null;
            readonly shippingMinor: number;
            readonly shippingTaxMinor: number;
            readonly totalMinor: number;
            readonly amountDueMinor: number;
            readonly amountPaidMinor: number;
            readonly amountRemainingMinor: number;
            readonly amountOverpaidMinor: number;
            readonly paidOutOfBand: boolean | null;
            readonly startingBalanceMinor: number;
            readonly endingBalanceMinor: number | null;
            readonly prePaymentCreditNotesMinor: number;
            readonly postPaymentCreditNotesMinor: number;
            readonly billingReason: string | null;
            readonly collectionMethod: string;
            readonly attemptCount: number;
            /** Format: date-time */
            readonly nextPaymentAttempt: string | null;
            /** Format: date-time */
            readonly dueDate: string | null;
            /** Format: date-time */
            readonly periodStart: string | null;
            /** Format: date-time */
            readonly periodEnd: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly finalizedAt: string | null;
            /** Format: date-time */
            readonly paidAt: string | null;
            /** Format: date-time */
            readonly voidedAt: string | null;
            /** Format: date-time */
            readonly markedUncollectibleAt: string | null;
            readonly finalizationError: components["schemas"]["FinalizationError"] | null;
            readonly automaticTaxStatus: string | null;
            readonly lines: readonly components["schemas"]["InvoiceLine"][];
            readonly hasAllLines: boolean;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            readonly testClock: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            /** @description In minor units of the accompanying currency. */
            readonly creditedMinor?: number;
            readonly creditNotes?: readonly components["schemas"]["CreditNote"][];
            readonly payments?: readonly components["schemas"]["Payment"][];
            readonly asOf?: components["schemas"]["AsOf"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly InvoiceBook: {
            readonly invoice: string;
            readonly data: readonly components["schemas"]["JournalEntryWithBalances"][];
            readonly months: readonly {
                readonly month: string;
                readonly line: string;
                /** @description One of revenue, discount; more may be added. */
                readonly part: string;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly revenueMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly contraMinor: number;
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
            readonly asOf?: components["schemas"]["AsOf"];
        };
        readonly InvoiceLine: {
            readonly id: string;
            readonly invoiceItem: string | null;
            /** @description In minor units of the currency beside it. */
            readonly amountMinor: number;
            readonly currency: string;
            readonly quantity: number | null;
            readonly quantityDecimal: string | null;
            readonly description: string | null;
            readonly price: string | null;
            readonly product: string | null;
            /** @description A decimal as text, in minor units. */
            readonly unitAmountDecimal: string | null;
            readonly isProration: boolean;
            /** Format: date-time */
            readonly periodStart: string | null;
            /** Format: date-time */
            readonly periodEnd: string | null;
            readonly subscription: string | null;
            readonly subscriptionItem: string | null;
            readonly discounts: readonly components["schemas"]["Discount"][];
            /** @description In minor units of the currency beside it. */
            readonly taxMinor: number | null;
            /** @description In minor units of the currency beside it. */
            readonly taxInclusiveMinor: number | null;
            /** @description In minor units of the currency beside it. */
            readonly creditMinor: number;
            /** @description In minor units of the currency beside it. */
            readonly discountMinor: number | null;
        };
        readonly InvoicePayment: {
            readonly id: string;
            readonly invoice: string;
            readonly status: string;
            readonly currency: string;
            readonly amountRequestedMinor: number;
            readonly amountPaidMinor: number;
            readonly isDefault: boolean;
            readonly paymentIntent: string | null;
            readonly charge: string | null;
            readonly paymentRecord: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly paidAt: string | null;
            /** Format: date-time */
            readonly canceledAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly Invoices: {
            readonly data: readonly components["schemas"]["Invoice"][];
            readonly nextCursor: string | null;
            readonly asOf?: components["schemas"]["AsOf"];
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly JournalEntries: {
            readonly data: readonly components["schemas"]["JournalEntry"][];
            readonly nextCursor: string | null;
            readonly isComplete?: boolean;
            readonly books?: components["schemas"]["Books"];
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
            /** @description One of frozen, restated; more may be added. */
            readonly view?: string;
            readonly shownRestated?: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
            }[];
        };
        /** @description One that corrects closed months (kind `correction`) follows from the last closing, `ledger.month_closed`. */
        readonly JournalEntry: {
            readonly id: string;
            readonly kind: string;
            /** Format: date-time */
            readonly effectiveAt: string;
            readonly customer: string | null;
            readonly subscription: string | null;
            readonly invoice: string | null;
            readonly payment: string | null;
            readonly object: string;
            readonly isInferred: boolean;
            readonly inference: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly book: string;
            readonly isIncomplete: boolean;
            readonly postings: readonly components["schemas"]["Posting"][];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly JournalEntryWithBalances: {
            readonly id: string;
            readonly kind: string;
            /** Format: date-time */
            readonly effectiveAt: string;
            readonly customer: string | null;
            readonly subscription: string | null;
            readonly invoice: string | null;
            readonly payment: string | null;
            readonly object: string;
            readonly isInferred: boolean;
            readonly inference: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly book: string;
            readonly isIncomplete: boolean;
            readonly postings: readonly components["schemas"]["Posting"][];
            readonly balances: readonly {
                readonly name: string;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly balanceMinor: number;
            }[];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly JournalEntryWithBooks: {
            readonly id: string;
            readonly kind: string;
            /** Format: date-time */
            readonly effectiveAt: string;
            readonly customer: string | null;
            readonly subscription: string | null;
            readonly invoice: string | null;
            readonly payment: string | null;
            readonly object: string;
            readonly isInferred: boolean;
            readonly inference: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly book: string;
            readonly isIncomplete: boolean;
            readonly postings: readonly components["schemas"]["Posting"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly MrrCohorts: {
            readonly from: string;
            readonly to: string;
            readonly until: string;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                readonly cohorts: readonly {
                    readonly month: string;
                    readonly size: number;
                    /** @description In minor units of the accompanying currency. */
                    readonly startMinor: number;
                    readonly months: readonly {
                        readonly month: string;
                        readonly customers: number;
                        /** @description In minor units of the accompanying currency. */
                        readonly mrrMinor: number;
                    }[];
                }[];
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly MrrCustomers: {
            readonly on: string;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                readonly customer: string;
                /** @description In minor units of the accompanying currency. */
                readonly startMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly mrrMinor: number;
                /** @description One of came, grew, same, shrank, left; more may be added. */
                readonly change: string;
            }[];
            readonly nextCursor: string | null;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly MrrItem: {
            readonly subscription: string;
            readonly item: string;
            readonly customer: string;
            readonly currency: string | null;
            /** Format: date-time */
            readonly since: string;
            /** Format: date-time */
            readonly until: string | null;
            readonly status: string;
            readonly counting: string;
            readonly amountMinor: number | null;
            readonly annualMinor: number;
            readonly mrrMinor: number;
            readonly trialingMinor: number;
            readonly isUnknown: boolean;
            readonly why: string;
            readonly price: string | null;
            readonly product: string | null;
            readonly quantity: number | null;
            readonly isIncomplete: boolean;
        };
        readonly MrrMovement: {
            readonly id: string;
            readonly customer: string;
            readonly currency: string;
            /** Format: date-time */
            readonly at: string;
            /** Format: date-time */
            readonly firstAt: string;
            /** @description One of opening, new, reactivation, expansion, contraction, churn; more may be added. */
            readonly kind: string;
            readonly amountMinor: number;
            readonly beforeMinor: number;
            readonly afterMinor: number;
            readonly livemode: boolean;
            readonly account: string | null;
            readonly isIncomplete: boolean;
            readonly parts: readonly {
                readonly subscription: string;
                readonly item: string;
                /** Format: date-time */
                readonly at: string;
                readonly cause: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
                readonly by: string | null;
                readonly stripeEventId: string;
            }[];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly MrrMovementWithBooks: {
            readonly id: string;
            readonly customer: string;
            readonly currency: string;
            /** Format: date-time */
            readonly at: string;
            /** Format: date-time */
            readonly firstAt: string;
            /** @description One of opening, new, reactivation, expansion, contraction, churn; more may be added. */
            readonly kind: string;
            readonly amountMinor: number;
            readonly beforeMinor: number;
            readonly afterMinor: number;
            readonly livemode: boolean;
            readonly account: string | null;
            readonly isIncomplete: boolean;
            readonly parts: readonly {
                readonly subscription: string;
                readonly item: string;
                /** Format: date-time */
                readonly at: string;
                readonly cause: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
                readonly by: string | null;
                readonly stripeEventId: string;
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly MrrMovements: {
            readonly data: readonly components["schemas"]["MrrMovement"][];
            readonly nextCursor: string | null;
            readonly isComplete?: boolean;
            readonly books?: components["schemas"]["Books"];
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly MrrOverTime: {
            readonly from: string;
            readonly to: string;
            /** @description One of day, week, month; more may be added. */
            readonly interval: string;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                readonly unknownItems: number;
                readonly periods: readonly components["schemas"]["MrrPeriod"][];
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly MrrPeriod: {
            readonly start: string;
            readonly end: string;
            /** @description In minor units of the accompanying currency. */
            readonly mrrMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly annualMinor: number;
            readonly customers: number;
            readonly subscribers: number;
            /** @description In minor units of the accompanying currency. */
            readonly openingMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly newMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly reactivationMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly expansionMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly contractionMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly churnMinor: number;
        };
        readonly MrrTrials: {
            readonly from: string;
            readonly to: string;
            readonly withinDays: number;
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string | null;
                readonly ended: number;
                readonly converted: number;
                readonly conversion: components["schemas"]["Rate"];
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly MrrTrialsEnded: {
            readonly from: string;
            readonly to: string;
            readonly withinDays: number;
            readonly data: readonly {
                readonly subscription: string;
                readonly customer: string;
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string | null;
                /** Format: date-time */
                readonly startedAt: string;
                /** Format: date-time */
                readonly endedAt: string;
                /** Format: date-time */
                readonly convertedAt: string | null;
                readonly isConverted: boolean;
            }[];
            readonly nextCursor: string | null;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly OpenItem: {
            /** @description One of no_balance_transaction, not_heard_of, amounts_differ, not_applied, payment_not_seen, not_billed, subscription_ended, refund_not_seen, on_its_way, customer_cash, payout_not_asked, payout_differs, unknown_category; more may be added. */
            readonly cause: string;
            readonly name: string | null;
            readonly object: string;
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            /** Format: date-time */
            readonly at: string;
            readonly ageDays: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number;
        };
        readonly Operation: {
            readonly id: string;
            readonly request: {
                readonly kind: string;
            } & {
                readonly [key: string]: unknown;
            };
            readonly by: string;
            /** Format: date-time */
            readonly requestedAt: string;
            /** @description One of queued, running, cancelling, succeeded, failed, cancelled, interrupted; more may be added. */
            readonly state: string;
            readonly attempts: number;
            /** Format: date-time */
            readonly startedAt: string | null;
            /** Format: date-time */
            readonly endedAt: string | null;
            readonly progress: {
                readonly done: number;
                /** @description One of events, streams; more may be added. */
                readonly unit: string;
                readonly perSecond: number;
                readonly share: number | null;
                readonly secondsLeft: number | null;
            } | null;
            readonly result: {
                readonly [key: string]: unknown;
            } | null;
            readonly cause: string | null;
        };
        readonly OperationRequest: {
            /** @constant */
            readonly kind: "rebuild";
            readonly projections?: readonly string[];
            /** @default false */
            readonly fresh: boolean;
            /** @default false */
            readonly acceptParked: boolean;
        } | {
            /** @constant */
            readonly kind: "dry_run";
            readonly projections?: readonly string[];
            /** @default false */
            readonly fresh: boolean;
            /** @default 50 */
            readonly examples: number;
        } | {
            /** @constant */
            readonly kind: "rollback";
            readonly projection: string;
        } | {
            /** @constant */
            readonly kind: "replay";
            readonly projection?: string;
            readonly cause?: string;
        } | {
            /** @constant */
            readonly kind: "verify";
            readonly projections?: readonly string[];
            readonly sample?: number;
            readonly stream?: string;
        };
        readonly Operations: {
            readonly data: readonly components["schemas"]["Operation"][];
            readonly nextCursor: string | null;
        };
        readonly PaidInvoice: {
            readonly invoice: string;
            readonly currency: string;
            /** Format: date-time */
            readonly paidAt: string | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountPaidMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountRefundedMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountLostMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountDisputedMinor: number;
            /** Format: date-time */
            readonly givenBackAt: string | null;
        };
        readonly Parked: {
            readonly projection: string;
            readonly version: number;
            readonly generation: number;
            readonly stream: string;
            /** Format: date-time */
            readonly since: string;
            readonly attempts: number;
            /** Format: date-time */
            readonly attemptedAt: string;
            /** Format: date-time */
            readonly replayWantedAt: string | null;
            readonly revision: string;
            readonly stripeEventId: string | null;
            readonly eventType: string | null;
            readonly cause: string;
        };
        readonly ParkedStreams: {
            readonly data: readonly components["schemas"]["Parked"][];
            readonly nextCursor: string | null;
        };
        readonly ParkedWithStack: {
            readonly data: readonly {
                readonly projection: string;
                readonly version: number;
                readonly generation: number;
                readonly stream: string;
                /** Format: date-time */
                readonly since: string;
                readonly attempts: number;
                /** Format: date-time */
                readonly attemptedAt: string;
                /** Format: date-time */
                readonly replayWantedAt: string | null;
                readonly revision: string;
                readonly stripeEventId: string | null;
                readonly eventType: string | null;
                readonly cause: string;
                readonly stack: string | null;
            }[];
        };
        readonly PauseCollection: {
            readonly behavior: string;
            /** Format: date-time */
            readonly resumesAt: string | null;
        };
        readonly Payment: {
            readonly id: string;
            readonly isOutOfBand: boolean;
            readonly status: string;
            readonly customer: string | null;
            readonly currency: string;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number;
            readonly presentment: {
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
            } | null;
            readonly failureCode: string | null;
            readonly declineCode: string | null;
            readonly failureMessage: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountReceivedMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountRefundedMinor: number | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountRefundedUnlistedMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountRefundPendingMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountDisputedMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly disputeFeesMinor: number | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountNetMinor: number | null;
            readonly isDisputed: boolean;
            readonly paymentIntent: components["schemas"]["PaymentPart"] | null;
            readonly charges: readonly components["schemas"]["Charge"][];
            readonly refunds: readonly components["schemas"]["RefundOfPayment"][];
            readonly disputes: readonly components["schemas"]["Dispute"][];
            readonly invoices: readonly {
                readonly id: string;
                readonly number: string | null;
                readonly status: string | null;
                readonly subscription: string | null;
                readonly invoicePayments: readonly components["schemas"]["InvoicePayment"][];
            }[];
            readonly asOf?: components["schemas"]["AsOf"];
        };
        readonly PaymentMethod: {
            readonly id: string;
            readonly object: string;
            readonly type: string;
            readonly customer: string | null;
            readonly brand: string | null;
            readonly last4: string | null;
            readonly expMonth: number | null;
            readonly expYear: number | null;
            /** Format: date-time */
            readonly expiresAt: string | null;
            readonly country: string | null;
            readonly wallet: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly PaymentMethodOfCustomer: {
            readonly id: string;
            readonly object: string;
            readonly type: string;
            readonly customer: string | null;
            readonly brand: string | null;
            readonly last4: string | null;
            readonly expMonth: number | null;
            readonly expYear: number | null;
            /** Format: date-time */
            readonly expiresAt: string | null;
            readonly country: string | null;
            readonly wallet: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly isDefault: boolean;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly PaymentMethodPage: {
            readonly data: readonly components["schemas"]["PaymentMethod"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly PaymentPart: {
            readonly id: string;
            readonly object: string;
            readonly payment: string;
            /** @description One of requires_payment_method, requires_source, requires_confirmation, requires_action, requires_source_action, processing, requires_capture, succeeded, canceled, pending, failed; more may be added. */
            readonly status: string;
            readonly customer: string | null;
            readonly currency: string;
            readonly amountMinor: number;
            readonly amountReceivedMinor: number;
            readonly amountRefundedMinor: number | null;
            readonly formerRefundedMinor: number | null;
            /** Format: date-time */
            readonly refundedChangedAt: string | null;
            readonly isReleaseCounted: boolean | null;
            /** Format: date-time */
            readonly capturedAt: string | null;
            readonly isCaptured: boolean | null;
            readonly paymentMethod: string | null;
            readonly balanceTransaction: string | null;
            readonly failureCode: string | null;
            readonly declineCode: string | null;
            readonly failureMessage: string | null;
            readonly presentmentCurrency: string | null;
            readonly presentmentAmountMinor: number | null;
            readonly isDisputed: boolean;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly canceledAt: string | null;
            readonly cancellationReason: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly Payments: {
            readonly data: readonly components["schemas"]["Payment"][];
            readonly nextCursor: string | null;
            readonly asOf?: components["schemas"]["AsOf"];
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Payout: {
            readonly id: string;
            /** @description One of pending, in_transit, paid, canceled, failed; more may be added. */
            readonly status: string;
            readonly amountMinor: number;
            readonly currency: string;
            readonly isAutomatic: boolean | null;
            readonly reconciliationStatus: string | null;
            readonly balanceTransaction: string | null;
            readonly failureBalanceTransaction: string | null;
            /** Format: date-time */
            readonly arrivesAt: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly PayoutPage: {
            readonly data: readonly components["schemas"]["Payout"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly PayoutReconciliation: {
            readonly data: readonly components["schemas"]["PayoutTransaction"][];
            readonly nextCursor: string | null;
            readonly payout: {
                readonly id: string;
                readonly status: string;
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
                readonly isAutomatic: boolean | null;
                readonly reconciliationStatus: string | null;
                readonly balanceTransaction: string | null;
                /** Format: date-time */
                readonly createdAt: string | null;
                /** Format: date-time */
                readonly arrivesAt: string | null;
            };
            readonly parts: readonly {
                readonly category: string;
                readonly count: number;
                /** @description In minor units of the accompanying currency. */
                readonly amountMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly feeMinor: number;
                /** @description In minor units of the accompanying currency. */
                readonly netMinor: number;
            }[];
            readonly unseenTransactions: number;
            /** @description In minor units of the accompanying currency. */
            readonly sumMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly differenceMinor: number;
            readonly isExact: boolean;
            /** @description One of not_automatic, payout_not_asked, transactions_not_seen, payout_differs; more may be added. */
            readonly cause: string | null;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly PayoutTransaction: {
            readonly id: string;
            readonly isSeen: boolean;
            readonly category: string | null;
            readonly source: string | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number | null;
            /** @description In minor units of the accompanying currency. */
            readonly feeMinor: number | null;
            /** @description In minor units of the accompanying currency. */
            readonly netMinor: number | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly payment: string | null;
            readonly customer: string | null;
            readonly invoices: readonly string[];
            readonly entry: string | null;
        };
        readonly PostedCorrections: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly month: string;
            readonly data: readonly components["schemas"]["Correction"][];
            readonly nextCursor: string | null;
            readonly isKept: boolean;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        /** @description A positive amount is a debit. The postings of an entry add up to zero in each currency. */
        readonly Posting: {
            readonly name: string;
            readonly currency: string;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number;
            readonly line: string | null;
        };
        readonly Price: {
            readonly id: string;
            readonly scope: string;
            readonly product: string | null;
            readonly isActive: boolean | null;
            readonly nickname: string | null;
            readonly lookupKey: string | null;
            readonly currency: string | null;
            readonly unitAmountMinor: number | null;
            readonly unitAmountDecimal: string | null;
            readonly interval: string | null;
            readonly intervalCount: number | null;
            readonly usageType: string | null;
            readonly billingScheme: string | null;
            readonly tiers: readonly components["schemas"]["Tier"][] | null;
            readonly tiersMode: string | null;
            readonly transformQuantity: components["schemas"]["TransformQuantity"] | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly PricePage: {
            readonly data: readonly components["schemas"]["Price"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Problem: {
            readonly type: string;
            readonly title: string;
            readonly status: number;
            readonly detail: string;
            /** @description One of bad_address, bad_request, bad_query, malformed_request, unauthenticated, scope_missing, not_found, key_reused, run_under_way, no_stripe_key, stripe_refuses, request_timeout, address_too_long, too_many_requests, headers_too_large, client_left, internal_error, stopping, signature_no_signature, signature_no_match, signature_clock, unreadable_body, incomplete_body, body_too_large, overloaded, store_unavailable, position_not_reached, books_not_ready, closing_refused, amount_too_large, customer_too_large, read_models_busy, read_models_conflict, read_models_unavailable, read_timeout, event_store_unavailable, too_many_waiting, too_many_live, refreshes_busy, stripe_away, replays_busy, not_known_then, past_too_large, past_unreadable, past_busy, past_timeout, past_failed; more may be added. */
            readonly code: string;
            readonly instance?: string;
        };
        readonly ProblemKind: {
            readonly code: string;
            readonly type: string;
            readonly status: number;
            readonly title: string;
            readonly remedy: string;
            readonly retryable: boolean;
            readonly retryAfterS: number | null;
        };
        readonly ProblemKinds: {
            readonly data: readonly components["schemas"]["ProblemKind"][];
        };
        readonly Product: {
            readonly id: string;
            readonly scope: string;
            readonly name: string | null;
            readonly isActive: boolean | null;
            readonly description: string | null;
            readonly defaultPrice: string | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly isDeleted: boolean;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly ProductPage: {
            readonly data: readonly components["schemas"]["Product"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Projections: {
            readonly data: readonly {
                readonly name: string;
                readonly version: number;
                readonly generation: number;
                /** @description One of building, live, kept; more may be added. */
                readonly state: string;
                readonly shown: boolean;
                readonly moving: boolean;
                readonly position: string | null;
                readonly logPosition: string | null;
                readonly caughtUp: boolean;
                readonly behind: string | null;
                readonly lagSeconds: number | null;
                readonly parkedStreams: number;
                readonly derived: {
                    readonly standsOn: readonly string[];
                    readonly policy: string;
                    readonly behindKeys: number | null;
                } | null;
            }[];
        };
        readonly PromotionCode: {
            readonly id: string;
            readonly scope: string;
            readonly code: string | null;
            readonly coupon: string | null;
            readonly customer: string | null;
            readonly isActive: boolean;
            readonly timesRedeemed: number | null;
            readonly maxRedemptions: number | null;
            /** Format: date-time */
            readonly expiresAt: string | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly PromotionCodePage: {
            readonly data: readonly components["schemas"]["PromotionCode"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        /** @description A part of a whole, in percent with two decimals; null when the whole is zero. */
        readonly Rate: {
            readonly part: number;
            readonly whole: number;
            readonly percent: string | null;
        };
        readonly Recognised: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            readonly key: string | null;
            /** @description In minor units of the accompanying currency. */
            readonly revenueMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly contraMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number;
        };
        readonly RecognisedRevenue: {
            readonly data: readonly components["schemas"]["Recognised"][];
            readonly nextCursor: string | null;
            readonly from?: string;
            readonly to?: string;
            /** @description One of frozen, restated; more may be added. */
            readonly view?: string;
            readonly shownRestated?: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
            }[];
            readonly isComplete?: boolean;
            readonly books?: components["schemas"]["Books"];
        };
        readonly Reconciled: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            readonly accounts: readonly {
                readonly name: string;
                /** @description In minor units of the accompanying currency. */
                readonly balanceMinor: number;
            }[];
            readonly checkpoint: components["schemas"]["BalanceCheckpoint"] | null;
        };
        readonly Reconciliation: {
            /** Format: date-time */
            readonly since: string;
            readonly data: readonly components["schemas"]["Reconciled"][];
            readonly open: readonly components["schemas"]["OpenItem"][];
            readonly isTruncated: boolean;
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly Refreshed: {
            readonly data: readonly {
                readonly object: string;
                readonly id: string;
                readonly verdict: string;
                readonly rows: readonly {
                    readonly table: string;
                    readonly key: string;
                    readonly field: string;
                    readonly ledger?: unknown;
                    readonly stripe?: unknown;
                }[];
                /** Format: date-time */
                readonly until: string | null;
                readonly cause: string | null;
                readonly appended: {
                    readonly stream: string;
                    readonly revision: string;
                    readonly position: string;
                } | null;
            }[];
            readonly position: string | null;
        };
        readonly Refund: {
            readonly id: string;
            readonly status: string | null;
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number | null;
            readonly customer: string | null;
            readonly currency: string;
            readonly charge: string | null;
            readonly paymentIntent: string | null;
            readonly balanceTransaction: string | null;
            readonly failureBalanceTransaction: string | null;
            readonly failureReason: string | null;
            readonly reason: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly creditNotes: readonly string[];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly RefundOfCreditNote: {
            readonly refund: string;
            /** @description In minor units of the currency beside it. */
            readonly amountMinor: number | null;
        };
        /** @description A refund from its own events, or from the charge or credit note that lists it. */
        readonly RefundOfPayment: {
            /** @description In minor units of the accompanying currency. */
            readonly amountMinor: number | null;
            readonly currency: string;
            readonly status: string | null;
            readonly creditNotes: readonly string[];
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly refund?: string;
            readonly source?: string;
            readonly sourceObject?: string;
            readonly invoice?: string | null;
            readonly charge?: string | null;
            readonly paymentIntent?: string | null;
            readonly balanceTransaction?: string | null;
            readonly failureBalanceTransaction?: string | null;
            readonly failureReason?: string | null;
            readonly reason?: string | null;
            /** Format: date-time */
            readonly createdAt?: string | null;
            /** Format: date-time */
            readonly knownSince?: string;
            readonly livemode?: boolean | null;
            readonly account?: string | null;
            readonly id?: string;
            readonly customer?: string | null;
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly Refunds: {
            readonly data: readonly components["schemas"]["Refund"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Rejected: {
            readonly rejected: number;
        };
        readonly Rejection: {
            readonly why: string;
        };
        readonly Reopening: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly month: string;
            readonly by: string;
            /** Format: date-time */
            readonly reopenedAt: string;
            readonly reason: string | null;
        };
        readonly ReopeningRequest: {
            /** @default true */
            readonly livemode: boolean;
            readonly account?: string;
            readonly reason?: string;
        };
        readonly Replay: {
            /** @description One of replayed, parked_again, wanted; more may be added. */
            readonly outcome: string;
            readonly parked: readonly components["schemas"]["Parked"][];
        };
        readonly ReplaysWanted: {
            readonly wanted: number;
        };
        readonly Retention: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            /** @description In minor units of the accompanying currency. */
            readonly openingMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly newMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly reactivationMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly expansionMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly contractionMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly churnMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly startMinor: number;
            /** @description In minor units of the accompanying currency. */
            readonly endMinor: number;
            readonly startCustomers: number;
            readonly endCustomers: number;
            readonly nrr: components["schemas"]["Rate"];
            readonly grr: components["schemas"]["Rate"];
            readonly logoChurn: components["schemas"]["Rate"];
            readonly grossChurn: components["schemas"]["Rate"];
            readonly netChurn: components["schemas"]["Rate"];
            readonly quickRatio: components["schemas"]["Rate"];
            /** @description In minor units of the accompanying currency. */
            readonly arpaMinor: number | null;
            /** @description In minor units of the accompanying currency. */
            readonly ltvMinor: number | null;
        };
        readonly Retentions: {
            readonly from: string;
            readonly to: string;
            readonly data: readonly components["schemas"]["Retention"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly SchedulePhase: {
            /** Format: date-time */
            readonly startsAt: string | null;
            /** Format: date-time */
            readonly endsAt: string | null;
            /** Format: date-time */
            readonly trialEndsAt: string | null;
            readonly items: readonly components["schemas"]["SchedulePhaseItem"][];
        };
        readonly SchedulePhaseItem: {
            readonly price: string | null;
            readonly quantity: number | null;
        };
        /** @description The stream is parked: this is its last good row. */
        readonly Stale: {
            /** Format: date-time */
            readonly since: string;
            readonly stream: string;
            readonly revision: string;
            readonly cause: string;
        };
        readonly Status: {
            /** @description One of ok, attention, failing; more may be added. */
            readonly state: string;
            readonly sentence: string;
            readonly concerns: readonly {
                readonly code: string;
                /** @description One of failing, attention; more may be added. */
                readonly severity: string;
                readonly text: string;
            }[];
            /** Format: date-time */
            readonly at: string;
            readonly log: {
                /** @description One of at, empty, unknown, away, refused; more may be added. */
                readonly state: string;
                readonly name: string | null;
            };
            readonly lastEvent: {
                readonly stripeEventId: string | null;
                readonly type: string;
                /** Format: date-time */
                readonly receivedAt: string;
                readonly ageSeconds: number;
                readonly position: string;
            } | null;
            readonly intake: {
                readonly state: string;
                readonly eventStore: string;
                readonly waiting: number | null;
                readonly minutes: readonly {
                    /** Format: date-time */
                    readonly at: string;
                    readonly byOutcome: {
                        readonly [key: string]: number;
                    };
                }[] | null;
            };
            readonly reads: {
                readonly state: string;
                readonly postgres: string;
                readonly building: readonly string[];
                readonly lagSeconds: number | null;
                readonly parkedStreams: number | null;
                readonly quarantinedEvents: number | null;
            };
            readonly projecting: {
                /** @description One of this_process, another_process, nobody, unknown; more may be added. */
                readonly by: string;
                readonly cause: string | null;
            };
            readonly verified: {
                readonly folds: number;
                readonly faults: number;
            } | null;
            readonly accessChanges: {
                readonly held: number;
                readonly endpoints: readonly {
                    readonly name: string;
                    readonly waiting: number;
                    readonly lagSeconds: number;
                    readonly isStopped: boolean;
                }[];
            } | null;
            readonly versions: {
                readonly ledger: string;
                readonly node: string;
                readonly postgres: string | null;
            };
        };
        readonly Stream: {
            readonly data: readonly components["schemas"]["Event"][];
            readonly nextAfter: string | null;
        };
        readonly StripeCoverage: {
            readonly data: readonly {
                readonly account: string;
                readonly livemode: boolean;
                /** Format: date-time */
                readonly coveredUntil: string | null;
                readonly ended: string | null;
                readonly gaps: readonly {
                    /** Format: date-time */
                    readonly from: string;
                    /** Format: date-time */
                    readonly to: string;
                    readonly cause: string;
                }[];
                readonly requestsOfDay: number;
            }[];
            readonly keys: readonly {
                readonly label: string;
                readonly livemode: boolean;
            }[];
        };
        readonly StripeFinding: {
            /** @description One of missing_event, unknown, drift, gone, contradicts, unreadable, busy, money, unknown_to_stripe; more may be added. */
            readonly verdict: string;
            readonly object: string;
            readonly id: string;
            readonly stream: string | null;
            readonly rows: readonly {
                readonly table: string;
                readonly key: string;
                readonly field: string;
                readonly ledger?: unknown;
                readonly stripe?: unknown;
            }[];
            readonly since: {
                /** Format: date-time */
                readonly after: string;
                /** Format: date-time */
                readonly before: string;
            } | null;
            readonly cause: string | null;
            readonly type: string | null;
            readonly looks: readonly (string | null)[];
            readonly repaired: {
                readonly revision: string;
                readonly position: string;
            } | null;
        };
        readonly StripeFindings: {
            readonly data: readonly components["schemas"]["StripeFinding"][];
            readonly nextCursor: string | null;
        };
        readonly StripeRun: {
            readonly id: string;
            /** @description One of backfill, recover, reconcile, money; more may be added. */
            readonly kind: string;
            readonly account: string | null;
            readonly livemode: boolean;
            readonly key: string;
            readonly apiVersion: string | null;
            /** Format: date-time */
            readonly startedAt: string;
            /** @description One of wanted, started, checkpoint, stopping, finished, stopped; more may be added. */
            readonly step: string;
            /** Format: date-time */
            readonly saidAt: string;
            readonly options: {
                readonly [key: string]: unknown;
            };
            readonly state: {
                readonly [key: string]: unknown;
            };
        };
        readonly StripeRunRequest: {
            /** @constant */
            readonly kind: "backfill";
            readonly key?: string;
            readonly account?: string;
            readonly budget?: number;
            /** @default false */
            readonly new: boolean;
            readonly only?: readonly ("product" | "price" | "plan" | "coupon" | "promotion_code" | "tax_rate" | "customer" | "subscription" | "subscription_schedule" | "invoice" | "invoiceitem" | "invoice_payment" | "payment_intent" | "charge" | "refund" | "dispute" | "credit_note" | "balance_transaction" | "payout" | "checkout.session" | "setup_intent" | "quote" | "payment_method" | "test_helpers.test_clock")[];
            readonly with?: readonly ("product" | "price" | "plan" | "coupon" | "promotion_code" | "tax_rate" | "customer" | "subscription" | "subscription_schedule" | "invoice" | "invoiceitem" | "invoice_payment" | "payment_intent" | "charge" | "refund" | "dispute" | "credit_note" | "balance_transaction" | "payout" | "checkout.session" | "setup_intent" | "quote" | "payment_method" | "test_helpers.test_clock")[];
            /** Format: date-time */
            readonly since?: string;
            readonly dryRun?: boolean;
        } | {
            /** @constant */
            readonly kind: "recover";
            readonly key?: string;
            readonly account?: string;
            readonly budget?: number;
            /** @default false */
            readonly new: boolean;
            /** Format: date-time */
            readonly since?: string;
            readonly dryRun?: boolean;
        } | {
            /** @constant */
            readonly kind: "reconcile";
            readonly key?: string;
            readonly account?: string;
            readonly budget?: number;
            /** @default false */
            readonly new: boolean;
            /** @default false */
            readonly all: boolean;
            /** @default [] */
            readonly only: readonly ("product" | "price" | "plan" | "coupon" | "promotion_code" | "tax_rate" | "customer" | "subscription" | "subscription_schedule" | "invoice" | "invoiceitem" | "invoice_payment" | "payment_intent" | "charge" | "refund" | "dispute" | "credit_note" | "balance_transaction" | "payout" | "checkout.session" | "setup_intent" | "quote" | "payment_method" | "test_helpers.test_clock")[];
            /** @default false */
            readonly repair: boolean;
            /** @default 100 */
            readonly max: number;
            readonly sample?: number;
        } | {
            /** @constant */
            readonly kind: "money";
            readonly key?: string;
            readonly account?: string;
            readonly budget?: number;
            /** @default false */
            readonly new: boolean;
        };
        readonly StripeRuns: {
            readonly data: readonly components["schemas"]["StripeRun"][];
            readonly nextCursor: string | null;
        };
        readonly Subscription: {
            readonly id: string;
            readonly customer: string | null;
            /** @description One of incomplete, trialing, active, past_due, unpaid, paused, incomplete_expired, canceled; more may be added. */
            readonly status: string;
            /** Format: date-time */
            readonly statusSince: string;
            readonly statusEvent: string;
            readonly previousStatus: string | null;
            readonly currency: string | null;
            readonly items: readonly components["schemas"]["SubscriptionItem"][];
            readonly hasAllItems: boolean;
            /** Format: date-time */
            readonly periodStart: string | null;
            /** Format: date-time */
            readonly periodEnd: string | null;
            /** Format: date-time */
            readonly trialStart: string | null;
            /** Format: date-time */
            readonly trialEnd: string | null;
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly startedAt: string | null;
            /** Format: date-time */
            readonly cancelAt: string | null;
            readonly cancelAtPeriodEnd: boolean | null;
            /** Format: date-time */
            readonly canceledAt: string | null;
            /** Format: date-time */
            readonly endedAt: string | null;
            readonly cancellationReason: string | null;
            readonly pauseCollection: components["schemas"]["PauseCollection"] | null;
            readonly collectionMethod: string | null;
            readonly defaultPaymentMethod: string | null;
            readonly trialEndBehavior: string | null;
            readonly discounts: readonly components["schemas"]["Discount"][];
            readonly latestInvoice: string | null;
            readonly schedule: string | null;
            readonly metadata: {
                readonly [key: string]: string;
            } | null;
            /** Format: date-time */
            readonly billingCycleAnchor: string | null;
            /** Format: date-time */
            readonly pendingUpdateExpiresAt: string | null;
            readonly testClock: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly reference?: string | null;
            readonly statusSinceIsBound?: boolean;
            readonly asOf?: components["schemas"]["AsOf"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly SubscriptionItem: {
            readonly id: string | null;
            readonly product: string | null;
            readonly currency: string | null;
            readonly interval: string | null;
            readonly intervalCount: number | null;
            /** @description In minor units of the currency beside it. */
            readonly unitAmountMinor: number | null;
            /** @description A decimal as text, in minor units. */
            readonly unitAmountDecimal: string | null;
            readonly usageType: string;
            readonly billingScheme: string;
            readonly tiers: readonly components["schemas"]["Tier"][] | null;
            readonly tiersMode: string | null;
            readonly transformQuantity: components["schemas"]["TransformQuantity"] | null;
            readonly price: string | null;
            readonly quantity: number | null;
            /** Format: date-time */
            readonly periodStart: string | null;
            /** Format: date-time */
            readonly periodEnd: string | null;
            readonly discounts: readonly components["schemas"]["Discount"][];
        };
        readonly SubscriptionMrr: {
            readonly subscription: string;
            readonly items: readonly components["schemas"]["MrrItem"][];
            readonly changes: readonly {
                readonly customer: string;
                readonly currency: string;
                readonly subscription: string;
                readonly item: string;
                /** Format: date-time */
                readonly at: string;
                readonly cause: string;
                readonly mrrMinor: number;
                readonly annualMinor: number;
                readonly by: string | null;
                readonly isIncomplete: boolean;
                readonly changedBy: components["schemas"]["ChangedBy"];
            }[];
            readonly trials: readonly {
                readonly subscription: string;
                readonly customer: string;
                readonly currency: string | null;
                /** Format: date-time */
                readonly startedAt: string;
                /** Format: date-time */
                readonly endedAt: string | null;
                /** Format: date-time */
                readonly convertedAt: string | null;
                readonly isIncomplete: boolean;
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        readonly SubscriptionSchedule: {
            readonly id: string;
            /** @description One of not_started, active, completed, released, canceled; more may be added. */
            readonly status: string;
            readonly customer: string | null;
            readonly subscription: string | null;
            readonly endBehavior: string | null;
            readonly currentPhase: components["schemas"]["CurrentPhase"] | null;
            readonly nextPhase: components["schemas"]["SchedulePhase"] | null;
            readonly phases: readonly components["schemas"]["SchedulePhase"][];
            /** Format: date-time */
            readonly createdAt: string | null;
            /** Format: date-time */
            readonly canceledAt: string | null;
            /** Format: date-time */
            readonly completedAt: string | null;
            /** Format: date-time */
            readonly releasedAt: string | null;
            readonly testClock: string | null;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly SubscriptionSchedulePage: {
            readonly data: readonly components["schemas"]["SubscriptionSchedule"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Subscriptions: {
            readonly data: readonly components["schemas"]["Subscription"][];
            readonly nextCursor: string | null;
            readonly asOf?: components["schemas"]["AsOf"];
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Tier: {
            readonly upTo: number | null;
            /** @description A decimal as text, in minor units. */
            readonly unitAmountDecimal: string | null;
            /** @description A decimal as text, in minor units. */
            readonly flatAmountDecimal: string | null;
        };
        readonly Timeline: {
            readonly data: readonly components["schemas"]["TimelineEntry"][];
            readonly nextAfter: number | null;
        };
        readonly TimelineEntry: {
            readonly number: number;
            readonly stripeEventId: string;
            readonly observation: {
                /** Format: date-time */
                readonly askedAt: string;
                /** Format: date-time */
                readonly answeredAt: string;
                readonly reason: string | null;
                readonly run: string | null;
            } | null;
            readonly gap: {
                /** Format: date-time */
                readonly after: string;
                /** Format: date-time */
                readonly before: string;
            } | null;
            readonly type: string;
            /** Format: date-time */
            readonly created: string;
            readonly object: {
                readonly kind: string | null;
                readonly id: string | null;
            };
            readonly apiVersion: string | null;
            readonly renderings: readonly (string | null)[];
            readonly changes: readonly {
                readonly path: string;
                readonly from: unknown;
                readonly to: unknown;
            }[] | null;
            readonly transition: {
                readonly from: string | null;
                readonly to: string;
            } | null;
            readonly late: boolean;
            readonly ambiguous: boolean;
            readonly stream: string;
            readonly revision: string;
            readonly position: string;
            /** Format: date-time */
            readonly receivedAt: string | null;
        };
        readonly TransformQuantity: {
            readonly divideBy: number;
            readonly round: string;
        };
        readonly TrialBalance: {
            readonly livemode: boolean;
            readonly account: string | null;
            readonly currency: string;
            readonly accounts: readonly components["schemas"]["AccountBalance"][];
            /** @description In minor units of the accompanying currency. */
            readonly sumMinor: number;
            readonly closing: {
                /** Format: date-time */
                readonly closedAt: string;
                readonly by: string;
                readonly position: string;
            } | null;
        };
        readonly TrialBalances: {
            readonly month: string | null;
            /** Format: date-time */
            readonly asOf: string | null;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            readonly data: readonly components["schemas"]["TrialBalance"][];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
        /** @description An event of the stream that could not be read; the row shows a later state. */
        readonly Unread: {
            readonly stripeEventId: string;
            readonly stream: string;
            readonly revision: string;
            readonly cause: string | null;
        };
        readonly UpcomingInvoice: {
            readonly id: string;
            readonly customer: string | null;
            readonly currency: string;
            readonly subtotalMinor: number;
            readonly taxMinor: number | null;
            readonly discountMinor: number | null;
            readonly totalMinor: number;
            readonly amountDueMinor: number;
            readonly startingBalanceMinor: number;
            readonly billingReason: string | null;
            readonly collectionMethod: string;
            /** Format: date-time */
            readonly nextPaymentAttempt: string | null;
            /** Format: date-time */
            readonly periodStart: string | null;
            /** Format: date-time */
            readonly periodEnd: string | null;
            readonly lines: readonly components["schemas"]["InvoiceLine"][];
            readonly hasAllLines: boolean;
            /** Format: date-time */
            readonly previewedAt: string;
            readonly livemode: boolean | null;
            readonly account: string | null;
            readonly changedBy: components["schemas"]["ChangedBy"];
            readonly stale?: components["schemas"]["Stale"];
            readonly unread?: components["schemas"]["Unread"];
        };
        readonly UpcomingInvoicePage: {
            readonly data: readonly components["schemas"]["UpcomingInvoice"][];
            readonly nextCursor: string | null;
            readonly count?: {
                readonly value: number;
                readonly isAtLeast: boolean;
            };
        };
        readonly Waterfalls: {
            readonly from: string;
            readonly to: string;
            /** @description One of frozen, restated; more may be added. */
            readonly view: string;
            readonly shownRestated: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
            }[];
            readonly data: readonly {
                readonly livemode: boolean;
                readonly account: string | null;
                readonly currency: string;
                readonly booked: readonly {
                    readonly bookedMonth: string;
                    readonly months: readonly {
                        readonly month: string;
                        /** @description In minor units of the accompanying currency. */
                        readonly revenueMinor: number;
                        /** @description In minor units of the accompanying currency. */
                        readonly contraMinor: number;
                        /** @description In minor units of the accompanying currency. */
                        readonly amountMinor: number;
                    }[];
                }[];
            }[];
            readonly isComplete: boolean;
            readonly books: components["schemas"]["Books"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type Access = components['schemas']['Access'];
export type AccessChange = components['schemas']['AccessChange'];
export type AccessFeed = components['schemas']['AccessFeed'];
export type AccessHistory = components['schemas']['AccessHistory'];
export type AccessReason = components['schemas']['AccessReason'];
export type AccountBalance = components['schemas']['AccountBalance'];
export type AccountPosting = components['schemas']['AccountPosting'];
export type AccountPostings = components['schemas']['AccountPostings'];
export type Acknowledged = components['schemas']['Acknowledged'];
export type Alive = components['schemas']['Alive'];
export type Approved = components['schemas']['Approved'];
export type AsOf = components['schemas']['AsOf'];
export type BalanceCheckpoint = components['schemas']['BalanceCheckpoint'];
export type Books = components['schemas']['Books'];
export type ChangedBy = components['schemas']['ChangedBy'];
export type Charge = components['schemas']['Charge'];
export type ChartAccount = components['schemas']['ChartAccount'];
export type ChartOfAccounts = components['schemas']['ChartOfAccounts'];
export type CheckoutSession = components['schemas']['CheckoutSession'];
export type CheckoutSessionPage = components['schemas']['CheckoutSessionPage'];
export type ChurnRisk = components['schemas']['ChurnRisk'];
export type ChurnRisks = components['schemas']['ChurnRisks'];
export type ClosedMonths = components['schemas']['ClosedMonths'];
export type Closing = components['schemas']['Closing'];
export type ClosingRequest = components['schemas']['ClosingRequest'];
export type ClosingWithBalances = components['schemas']['ClosingWithBalances'];
export type Closings = components['schemas']['Closings'];
export type CommittedMrr = components['schemas']['CommittedMrr'];
export type Correction = components['schemas']['Correction'];
export type Corrections = components['schemas']['Corrections'];
export type Coupon = components['schemas']['Coupon'];
export type CouponPage = components['schemas']['CouponPage'];
export type CouponTerms = components['schemas']['CouponTerms'];
export type CreditNote = components['schemas']['CreditNote'];
export type CreditNotePage = components['schemas']['CreditNotePage'];
export type CurrentPhase = components['schemas']['CurrentPhase'];
export type Customer = components['schemas']['Customer'];
export type CustomerEverything = components['schemas']['CustomerEverything'];
export type CustomerMrr = components['schemas']['CustomerMrr'];
export type Customers = components['schemas']['Customers'];
export type Deferred = components['schemas']['Deferred'];
export type DeferredRevenue = components['schemas']['DeferredRevenue'];
export type Discount = components['schemas']['Discount'];
export type Dispute = components['schemas']['Dispute'];
export type DisputeMovement = components['schemas']['DisputeMovement'];
export type Disputes = components['schemas']['Disputes'];
export type Event = components['schemas']['Event'];
export type EventWithDeliveries = components['schemas']['EventWithDeliveries'];
export type Events = components['schemas']['Events'];
export type FinalizationError = components['schemas']['FinalizationError'];
export type Find = components['schemas']['Find'];
export type Finding = components['schemas']['Finding'];
export type FindingLists = components['schemas']['FindingLists'];
export type Findings = components['schemas']['Findings'];
export type Health = components['schemas']['Health'];
export type HeldChanges = components['schemas']['HeldChanges'];
export type IncomeMonth = components['schemas']['IncomeMonth'];
export type Incomes = components['schemas']['Incomes'];
export type Index = components['schemas']['Index'];
export type Invoice = components['schemas']['Invoice'];
export type InvoiceBook = components['schemas']['InvoiceBook'];
export type InvoiceLine = components['schemas']['InvoiceLine'];
export type InvoicePayment = components['schemas']['InvoicePayment'];
export type Invoices = components['schemas']['Invoices'];
export type JournalEntries = components['schemas']['JournalEntries'];
export type JournalEntry = components['schemas']['JournalEntry'];
export type JournalEntryWithBalances = components['schemas']['JournalEntryWithBalances'];
export type JournalEntryWithBooks = components['schemas']['JournalEntryWithBooks'];
export type MrrCohorts = components['schemas']['MrrCohorts'];
export type MrrCustomers = components['schemas']['MrrCustomers'];
export type MrrItem = components['schemas']['MrrItem'];
export type MrrMovement = components['schemas']['MrrMovement'];
export type MrrMovementWithBooks = components['schemas']['MrrMovementWithBooks'];
export type MrrMovements = components['schemas']['MrrMovements'];
export type MrrOverTime = components['schemas']['MrrOverTime'];
export type MrrPeriod = components['schemas']['MrrPeriod'];
export type MrrTrials = components['schemas']['MrrTrials'];
export type MrrTrialsEnded = components['schemas']['MrrTrialsEnded'];
export type OpenItem = components['schemas']['OpenItem'];
export type Operation = components['schemas']['Operation'];
export type OperationRequest = components['schemas']['OperationRequest'];
export type Operations = components['schemas']['Operations'];
export type PaidInvoice = components['schemas']['PaidInvoice'];
export type Parked = components['schemas']['Parked'];
export type ParkedStreams = components['schemas']['ParkedStreams'];
export type ParkedWithStack = components['schemas']['ParkedWithStack'];
export type PauseCollection = components['schemas']['PauseCollection'];
export type Payment = components['schemas']['Payment'];
export type PaymentMethod = components['schemas']['PaymentMethod'];
export type PaymentMethodOfCustomer = components['schemas']['PaymentMethodOfCustomer'];
export type PaymentMethodPage = components['schemas']['PaymentMethodPage'];
export type PaymentPart = components['schemas']['PaymentPart'];
export type Payments = components['schemas']['Payments'];
export type Payout = components['schemas']['Payout'];
export type PayoutPage = components['schemas']['PayoutPage'];
export type PayoutReconciliation = components['schemas']['PayoutReconciliation'];
export type PayoutTransaction = components['schemas']['PayoutTransaction'];
export type PostedCorrections = components['schemas']['PostedCorrections'];
export type Posting = components['schemas']['Posting'];
export type Price = components['schemas']['Price'];
export type PricePage = components['schemas']['PricePage'];
export type Problem = components['schemas']['Problem'];
export type ProblemKind = components['schemas']['ProblemKind'];
export type ProblemKinds = components['schemas']['ProblemKinds'];
export type Product = components['schemas']['Product'];
export type ProductPage = components['schemas']['ProductPage'];
export type Projections = components['schemas']['Projections'];
export type PromotionCode = components['schemas']['PromotionCode'];
export type PromotionCodePage = components['schemas']['PromotionCodePage'];
export type Rate = components['schemas']['Rate'];
export type Recognised = components['schemas']['Recognised'];
export type RecognisedRevenue = components['schemas']['RecognisedRevenue'];
export type Reconciled = components['schemas']['Reconciled'];
export type Reconciliation = components['schemas']['Reconciliation'];
export type Refreshed = components['schemas']['Refreshed'];
export type Refund = components['schemas']['Refund'];
export type RefundOfCreditNote = components['schemas']['RefundOfCreditNote'];
export type RefundOfPayment = components['schemas']['RefundOfPayment'];
export type Refunds = components['schemas']['Refunds'];
export type Rejected = components['schemas']['Rejected'];
export type Rejection = components['schemas']['Rejection'];
export type Reopening = components['schemas']['Reopening'];
export type ReopeningRequest = components['schemas']['ReopeningRequest'];
export type Replay = components['schemas']['Replay'];
export type ReplaysWanted = components['schemas']['ReplaysWanted'];
export type Retention = components['schemas']['Retention'];
export type Retentions = components['schemas']['Retentions'];
export type SchedulePhase = components['schemas']['SchedulePhase'];
export type SchedulePhaseItem = components['schemas']['SchedulePhaseItem'];
export type Stale = components['schemas']['Stale'];
export type Status = components['schemas']['Status'];
export type Stream = components['schemas']['Stream'];
export type StripeCoverage = components['schemas']['StripeCoverage'];
export type StripeFinding = components['schemas']['StripeFinding'];
export type StripeFindings = components['schemas']['StripeFindings'];
export type StripeRun = components['schemas']['StripeRun'];
export type StripeRunRequest = components['schemas']['StripeRunRequest'];
export type StripeRuns = components['schemas']['StripeRuns'];
export type Subscription = components['schemas']['Subscription'];
export type SubscriptionItem = components['schemas']['SubscriptionItem'];
export type SubscriptionMrr = components['schemas']['SubscriptionMrr'];
export type SubscriptionSchedule = components['schemas']['SubscriptionSchedule'];
export type SubscriptionSchedulePage = components['schemas']['SubscriptionSchedulePage'];
export type Subscriptions = components['schemas']['Subscriptions'];
export type Tier = components['schemas']['Tier'];
export type Timeline = components['schemas']['Timeline'];
export type TimelineEntry = components['schemas']['TimelineEntry'];
export type TransformQuantity = components['schemas']['TransformQuantity'];
export type TrialBalance = components['schemas']['TrialBalance'];
export type TrialBalances = components['schemas']['TrialBalances'];
export type Unread = components['schemas']['Unread'];
export type UpcomingInvoice = components['schemas']['UpcomingInvoice'];
export type UpcomingInvoicePage = components['schemas']['UpcomingInvoicePage'];
export type Waterfalls = components['schemas']['Waterfalls'];
export type $defs = Record<string, never>;
export interface operations {
    readonly getIndex: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An index of the service */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Index"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getHealthLive: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The process runs and answers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Alive"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getHealthReady: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Whether this process can do the work of its roles */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not ready */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getHealthReadyReads: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Whether the read API is ready here */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not ready */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Metrics for Prometheus */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getOpenapiJson: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description This document */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getProblems: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description All problem codes and their meaning */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ProblemKinds"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getProblemsByCode: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly code: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The meaning of a problem code */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ProblemKind"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccess: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly product?: string;
                readonly entitlement?: string;
                readonly customer?: string;
                readonly email?: string;
                readonly reference?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Whether a customer, or a person by email, has access */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Access"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccessChanges: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: number;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Access changes with their reasons, in log order */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccessFeed"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postAccessChangesApprove: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Approve the held access changes */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Approved"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccessChangesHeld: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Access changes that wait for approval */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HeldChanges"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccessChangesLive: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Each access change, as it is recorded */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postAccessChangesReject: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Rejection"];
            };
        };
        readonly responses: {
            /** @description Reject the held access changes, with a reason */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rejected"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccounts: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly month?: string;
                readonly asOf?: string;
                readonly view?: "frozen" | "restated";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The chart of accounts, with balances */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ChartOfAccounts"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getAccountsByNamePostings: {
        readonly parameters: {
            readonly query: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly from?: string;
                readonly to?: string;
                readonly currency: string;
                readonly view?: "frozen" | "restated";
                readonly livemode?: "true" | "false";
                readonly account?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The postings of an account */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccountPostings"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCheckoutSessions: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly reference?: string | readonly string[];
                readonly mode?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly paymentStatus?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly email?: string | readonly string[];
                readonly clientReferenceId?: string | readonly string[];
                readonly subscription?: string | readonly string[];
                readonly invoice?: string | readonly string[];
                readonly paymentIntent?: string | readonly string[];
                readonly paymentLink?: string | readonly string[];
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: checkout session */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CheckoutSessionPage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCheckoutSessionsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One checkout session */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CheckoutSession"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getChurnRisk: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-pastDueSince" | "pastDueSince";
                readonly customer?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly currency?: string | readonly string[];
                readonly minAmountMinor?: number;
                readonly since?: string;
                readonly until?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Subscriptions at risk because of failed payments */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ChurnRisks"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getClosings: {
        readonly parameters: {
            readonly query?: {
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Closed months, newest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Closings"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postClosings: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ClosingRequest"];
            };
        };
        readonly responses: {
            /** @description Close a month and the open months before it */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ClosedMonths"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getClosingsByMonth: {
        readonly parameters: {
            readonly query?: {
                readonly livemode?: "true" | "false";
                readonly account?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly month: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A closed month, with its balances */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ClosingWithBalances"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getClosingsByMonthCorrections: {
        readonly parameters: {
            readonly query?: {
                readonly livemode?: "true" | "false";
                readonly account?: string;
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly month: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Corrections of a closed month since its closing */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Corrections"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getClosingsByMonthPostedCorrections: {
        readonly parameters: {
            readonly query?: {
                readonly livemode?: "true" | "false";
                readonly account?: string;
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly month: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Corrections of closed months that are posted in a month */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PostedCorrections"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postClosingsByMonthReopen: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly month: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ReopeningRequest"];
            };
        };
        readonly responses: {
            /** @description Reopen the last closed month */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Reopening"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCoupons: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly valid?: "true" | "false";
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: coupon */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CouponPage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCouponsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One coupon */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Coupon"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCreditNotes: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly number?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly invoice?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: credit note */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CreditNotePage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCreditNotesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One credit note */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CreditNote"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomers: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly email?: string | readonly string[];
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Customers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Customers"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A customer, with subscriptions, invoices and payments */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CustomerEverything"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdAccess: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly product?: string;
                readonly entitlement?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Whether a customer has access, until when, and why */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Access"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdAccessChanges: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The access decisions about a customer, newest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccessHistory"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdInvoices: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly subscription?: string | readonly string[];
                readonly number?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly metadata?: string | readonly string[];
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The invoices of a customer */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Invoices"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdLive: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The current state of a customer, and each later one */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdMrr: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A customer’s MRR over time, with causes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CustomerMrr"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postCustomersByIdRefresh: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Read a customer, its subscriptions and open invoices from Stripe now */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refreshed"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getCustomersByIdSubscriptions: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly coupon?: string | readonly string[];
                readonly promotionCode?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly product?: string | readonly string[];
                readonly price?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly metadata?: string | readonly string[];
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly canceling?: "true" | "false";
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The subscriptions of a customer */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Subscriptions"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getDisputes: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly customer?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly charge?: string | readonly string[];
                readonly paymentIntent?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Disputes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Disputes"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getDisputesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A dispute with its movements of money */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Dispute"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getEvents: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly type?: string;
                readonly object?: string;
                readonly endpoint?: string;
                readonly quarantine?: string;
                readonly since?: string;
                readonly until?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Recorded events, newest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Events"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getEventsLive: {
        readonly parameters: {
            readonly query?: {
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly type?: string;
                readonly object?: string;
                readonly endpoint?: string;
                readonly quarantine?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Each new event, as it is recorded */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getEventsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An event: its deliveries, its place in the log, its changes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EventWithDeliveries"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getEventsByIdBody: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The body of an event, byte by byte */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getFind: {
        readonly parameters: {
            readonly query: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly q: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Find objects by id, e-mail address or reference */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Find"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getFindings: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The lists of findings */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["FindingLists"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getFindingsByName: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly since?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The findings of one list */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Findings"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getInvoices: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly subscription?: string | readonly string[];
                readonly number?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly metadata?: string | readonly string[];
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Invoices */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Invoices"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getInvoicesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An invoice with its payments */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Invoice"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getInvoicesByIdJournal: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The book of an invoice: entries, balances after each, and revenue by month */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["InvoiceBook"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getJournal: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-effective" | "effective";
                readonly name?: string | readonly string[];
                readonly book?: string | readonly string[];
                readonly kind?: string | readonly string[];
                readonly since?: string;
                readonly until?: string;
                readonly customer?: string | readonly string[];
                readonly subscription?: string | readonly string[];
                readonly invoice?: string | readonly string[];
                readonly payment?: string | readonly string[];
                readonly object?: string | readonly string[];
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly stripeEvent?: string | readonly string[];
                readonly inferred?: "true" | "false";
                readonly from?: string;
                readonly to?: string;
                readonly view?: "frozen" | "restated";
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Entries of the double-entry journal, with their postings */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["JournalEntries"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getJournalExport: {
        readonly parameters: {
            readonly query: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly format: "beancount" | "hledger" | "csv" | "jsonl";
                readonly from?: string;
                readonly to?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string;
                readonly view?: "frozen" | "restated";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The journal as a file for beancount, hledger, a spreadsheet or a program */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getJournalById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An entry of the journal */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["JournalEntryWithBooks"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrr: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly interval?: "day" | "week" | "month";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Monthly recurring revenue over time, with its movements */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrOverTime"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrCohorts: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Customers by starting month, and how many remain */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrCohorts"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrCommitted: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly withinDays?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description MRR less subscriptions set to end within some days */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CommittedMrr"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrCustomers: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly on?: string;
                readonly since?: string;
                readonly cohort?: string;
                readonly change?: "came" | "grew" | "same" | "shrank" | "left";
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description MRR by customer at the end of a day, compared with an earlier day */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrCustomers"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrMovements: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-at" | "at";
                readonly customer?: string | readonly string[];
                readonly currency?: string | readonly string[];
                readonly since?: string;
                readonly until?: string;
                readonly kind?: string | readonly string[];
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly stripeEvent?: string | readonly string[];
                readonly from?: string;
                readonly to?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Movements of MRR, each with its causes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrMovements"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrMovementsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A movement of MRR */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrMovementWithBooks"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrRetention: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Retention of MRR and customers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Retentions"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrTrials: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly withinDays?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Trials that ended, and those that converted */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrTrials"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getMrrTrialsEnded: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly withinDays?: number;
                readonly converted?: "true" | "false";
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The trials that ended, one by one */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MrrTrialsEnded"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getOperations: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Operations, newest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Operations"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postOperations: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["OperationRequest"];
            };
        };
        readonly responses: {
            /** @description Request a rebuild, dry run, rollback, replay or verification */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getOperationsById: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An operation with its progress and result */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly deleteOperationsById: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Cancel an operation */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getParked: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
                readonly projection?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Streams that a projection could not fold */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ParkedStreams"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postParkedReplay: {
        readonly parameters: {
            readonly query?: {
                readonly projection?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Fold all parked streams again */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ReplaysWanted"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getParkedByProjectionByStream: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly projection: string;
                readonly stream: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A parked stream, with the stack of its error */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ParkedWithStack"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postParkedByProjectionByStreamReplay: {
        readonly parameters: {
            readonly query?: {
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly projection: string;
                readonly stream: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Fold a parked stream again */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Replay"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPaymentMethods: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly type?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly last4?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: payment method */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PaymentMethodPage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPaymentMethodsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One payment method */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PaymentMethod"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPayments: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly customer?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly invoice?: string | readonly string[];
                readonly subscription?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Payments */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payments"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPaymentsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A payment, by its intent or a charge */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPayouts: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly status?: string | readonly string[];
                readonly currency?: string | readonly string[];
                readonly automatic?: "true" | "false";
                readonly reconciliationStatus?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: payout */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PayoutPage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPayoutsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One payout */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Payout"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPayoutsByIdReconciliation: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The transactions of a payout, and what is unexplained */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PayoutReconciliation"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPrices: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly product?: string | readonly string[];
                readonly active?: "true" | "false";
                readonly lookupKey?: string | readonly string[];
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: price */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PricePage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPricesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One price */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Price"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getProducts: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly active?: "true" | "false";
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly deleted?: "true" | "false";
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: product */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ProductPage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getProductsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One product */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Product"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getProjections: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The positions of the read models */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Projections"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPromotionCodes: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly code?: string | readonly string[];
                readonly coupon?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly active?: "true" | "false";
                readonly metadata?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: promotion code */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PromotionCodePage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getPromotionCodesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One promotion code */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PromotionCode"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getReconciliation: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly since?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Unexplained money at Stripe and on its way to the bank */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRefunds: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly customer?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly charge?: string | readonly string[];
                readonly paymentIntent?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Refunds */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refunds"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRefundsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A refund */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRevenue: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly view?: "frozen" | "restated";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Income by month, and deferred revenue at the end of each */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Incomes"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRevenueDeferred: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly customer?: string;
                readonly subscription?: string;
                readonly invoice?: string;
                readonly product?: string;
                readonly price?: string;
                readonly month?: string;
                readonly asOf?: string;
                readonly view?: "frozen" | "restated";
                readonly by?: "month" | "invoice" | "customer" | "subscription" | "product" | "price" | "line";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Deferred revenue at a moment, by earning month or by what was sold */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DeferredRevenue"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRevenueRecognised: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly customer?: string;
                readonly subscription?: string;
                readonly invoice?: string;
                readonly product?: string;
                readonly price?: string;
                readonly bookedMonth?: string;
                readonly view?: "frozen" | "restated";
                readonly by?: "month" | "invoice" | "customer" | "subscription" | "product" | "price" | "line";
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Recognised revenue, by what was sold */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RecognisedRevenue"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getRevenueWaterfall: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly from?: string;
                readonly to?: string;
                readonly view?: "frozen" | "restated";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Revenue by month of billing and month of earning */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Waterfalls"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStatus: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The health of the service, in a sentence and in numbers */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Status"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStreamsByName: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The events of a stream */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Stream"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStripeCoverage: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The time until which the log has all events that Stripe lists */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeCoverage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStripeRuns: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Backfills, recoveries and comparisons, newest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeRuns"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postStripeRuns: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["StripeRunRequest"];
            };
        };
        readonly responses: {
            /** @description Start a backfill, a recovery of events, or a comparison */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeRun"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStripeRunsById: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A run with its progress and result */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeRun"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getStripeRunsByIdFindings: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
                readonly verdict?: string;
                readonly object?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The differences from Stripe that a run found */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeFindings"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postStripeRunsByIdStop: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Stop a run */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StripeRun"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionSchedules: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly status?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly subscription?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: subscription schedule */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SubscriptionSchedulePage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionSchedulesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One subscription schedule */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SubscriptionSchedule"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptions: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-created" | "created";
                readonly coupon?: string | readonly string[];
                readonly promotionCode?: string | readonly string[];
                readonly customer?: string | readonly string[];
                readonly status?: string | readonly string[];
                readonly product?: string | readonly string[];
                readonly price?: string | readonly string[];
                readonly createdSince?: string;
                readonly createdUntil?: string;
                readonly metadata?: string | readonly string[];
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly canceling?: "true" | "false";
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Subscriptions */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Subscriptions"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionsById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly trueAt?: string;
                readonly knownAt?: string;
                readonly revision?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A subscription */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionsByIdEvents: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly include?: "linked";
                readonly after?: number;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The events of a subscription in logical order */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Timeline"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionsByIdLive: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The current state of a subscription, and each later one */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": unknown;
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionsByIdMrr: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A subscription’s MRR over time, with causes */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SubscriptionMrr"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postSubscriptionsByIdRefresh: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Read a subscription from Stripe now, and append what the ledger lacks */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Refreshed"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getSubscriptionsByIdUpcoming: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The next invoice of a subscription, as previewed */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UpcomingInvoice"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getTrialBalance: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly account?: string;
                readonly livemode?: "true" | "false";
                readonly currency?: string;
                readonly month?: string;
                readonly asOf?: string;
                readonly view?: "frozen" | "restated";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The balance of every account, at the end of a month or at a moment */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TrialBalances"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getUpcomingInvoices: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
                readonly cursor?: string;
                readonly limit?: number;
                readonly order?: "-previewed" | "previewed";
                readonly customer?: string | readonly string[];
                readonly previewedSince?: string;
                readonly previewedUntil?: string;
                readonly livemode?: "true" | "false";
                readonly account?: string | readonly string[];
                readonly count?: "true" | "false";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description A list: upcoming invoice of the subscription */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UpcomingInvoicePage"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getUpcomingInvoicesById: {
        readonly parameters: {
            readonly query?: {
                readonly minPosition?: string;
                readonly waitMs?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One upcoming invoice of the subscription */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UpcomingInvoice"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly postWebhooksStripe: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Receives Stripe’s deliveries */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Acknowledged"];
                };
            };
            /** @description A problem; x-problems lists its codes. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
