import type { ComponentChild } from 'preact';
import type { Scope } from '../config/secrets.js';
import type { Visitor } from '../http/tokens.js';
import type { Ledger } from './ledger.js';

/** What is asked of a page: the parts of its path and its query. */
export type Asked = Readonly<{ path: Readonly<Record<string, string>>; query: Readonly<Record<string, string>> }>;
/** Who looks, at what, and when. */
export type Frame = Readonly<{
  visitor: Visitor;
  asked: Asked;
  nowMs: number;
  /** Of this showing alone: a form that is sent twice bears the same. */
  once: string;
}>;

/** What a page shows: its title, its content, and what tells that it has changed. */
export type Shown = Readonly<{
  title: string;
  /** Which entry of the navigation it belongs to. */
  nav?: string;
  /** A stream of Server-Sent Events that speaks when the page is old. */
  live?: string | undefined;
  /** After how many seconds the page is old. */
  refreshS?: number;
  /** Whether it is loaded again then without script too. */
  reloads?: boolean;
  status?: number;
  main: ComponentChild;
}>;

/** A page: `load` asks the API, `show` is a pure function of what it answered. */
export type Page<D = unknown> = Readonly<{
  /** Below /console, with parameters as `:id`. */
  path: string;
  scope: Scope;
  load(ledger: Ledger, asked: Asked): Promise<D>;
  show(data: D, frame: Frame): Shown;
}>;

/** Where somebody goes instead of seeing a page. */
export class Redirect extends Error {
  constructor(readonly to: string) {
    super(`go to ${to}`);
  }
}

/** Forgets what a page loads: a list of pages is of pages of any kind. */
export const page = <D>(of: Page<D>): Page => of;
