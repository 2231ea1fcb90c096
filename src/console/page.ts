import type { ComponentChild } from 'preact';
import type { Scope } from '../config/secrets.js';
import type { Visitor } from '../http/tokens.js';
import type { Ledger } from './ledger.js';

/** The request for a page: its path parameters and its query. */
export type Asked = Readonly<{ path: Readonly<Record<string, string>>; query: Readonly<Record<string, string>> }>;
/** The context of a request: visitor, request and time. */
export type Frame = Readonly<{
  visitor: Visitor;
  asked: Asked;
  nowMs: number;
  /** Unique per rendering: a form that is sent twice carries the same value. */
  once: string;
}>;

/** A rendered page: its title, its content, and how it is kept fresh. */
export type Shown = Readonly<{
  title: string;
  /** The navigation entry that it belongs to. */
  nav?: string;
  /** The address of a Server-Sent Events stream whose messages mean that the page is stale. */
  live?: string | undefined;
  /** Seconds until the page is stale. */
  refreshS?: number;
  /** Whether browsers without script reload it then, too. */
  reloads?: boolean;
  status?: number;
  main: ComponentChild;
}>;

/** A page: `load` queries the API, and `show` renders the answer as a pure function. */
export type Page<D = unknown> = Readonly<{
  /** Below /console, with parameters as `:id`. */
  path: string;
  scope: Scope;
  load(ledger: Ledger, asked: Asked): Promise<D>;
  show(data: D, frame: Frame): Shown;
}>;

/** Redirects to another page instead of showing one. */
export class Redirect extends Error {
  constructor(readonly to: string) {
    super(`go to ${to}`);
  }
}

/** Erases the data type of a page, so that pages of any kind fit into one list. */
export const page = <D>(of: Page<D>): Page => of;
