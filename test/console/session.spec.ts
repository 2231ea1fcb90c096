import { describe, expect, it } from '@jest/globals';
import { sessionCookie, sessionIn } from '../../src/http/session-cookie.js';
import { SESSION_S, Tokens, type Visitor } from '../../src/http/tokens.js';

const SUPPORT = { token: 'a-token-of-support-people', name: 'support', scopes: ['access'] as const };
const OPS = { token: 'a-token-of-operators-only', name: 'ops', scopes: ['read', 'admin'] as const };
const UNNAMED = { token: 'a-token-without-a-name-01', name: null, scopes: ['read'] as const };
const tokens = new Tokens([SUPPORT, OPS, UNNAMED]);
const NOW = Date.UTC(2026, 5, 1);

const visitor = ({ token }: { token: string }, of = tokens): Visitor => {
  const found = of.byValue(token);
  if (found === null) throw new Error(`${token} is not known`);
  return found;
};

describe('a token', () => {
  it('is known by its value, with its name and the highest of its scopes', () => {
    expect(visitor(SUPPORT)).toMatchObject({ name: 'support', scope: 'access' });
    expect(visitor(OPS)).toMatchObject({ name: 'ops', scope: 'admin' });
    expect(tokens.byValue('a-token-that-nobody-gave')).toBeNull();
  });

  it('without a name is called by a part of its digest, which opens nothing', () => {
    const { name, token } = visitor(UNNAMED);
    expect(name).toBe(`token-${token.slice(0, 8)}`);
    expect(name).not.toContain(UNNAMED.token);
  });

  it('listed twice has the rights of both entries', () => {
    const twice = new Tokens([UNNAMED, { ...UNNAMED, name: 'ops', scopes: ['admin'] }]);
    expect(visitor(UNNAMED, twice)).toMatchObject({ scope: 'admin' });
  });
});

describe('a session', () => {
  const session = tokens.sessionOf(visitor(OPS), NOW);

  it('stands for its token in every process that has it, for eight hours', () => {
    const elsewhere = new Tokens([UNNAMED, OPS]);
    expect(elsewhere.bySession(session, NOW)).toEqual(visitor(OPS));
    expect(elsewhere.bySession(session, NOW + SESSION_S * 1_000 - 1)).toEqual(visitor(OPS));
    expect(elsewhere.bySession(session, NOW + SESSION_S * 1_000)).toBeNull();
  });

  it('ends when its token is removed, even if another gets its name', () => {
    expect(new Tokens([SUPPORT]).bySession(session, NOW)).toBeNull();
    expect(new Tokens([{ ...SUPPORT, name: 'ops' }]).bySession(session, NOW)).toBeNull();
  });

  it('has nothing of the token in it', () => {
    expect(session).not.toContain(OPS.token);
    expect(session).not.toContain(visitor(OPS).token);
  });

  it('is none when any of its characters is another', () => {
    for (let at = 0; at < session.length; at += 1) {
      const other = session[at] === 'a' ? 'b' : 'a';
      const forged = `${session.slice(0, at)}${other}${session.slice(at + 1)}`;
      // The last base64url character has two unused bits.
      const isSame = Buffer.from(forged.slice(-43), 'base64url').equals(Buffer.from(session.slice(-43), 'base64url'));
      if (!isSame || at < session.length - 43) expect([forged, tokens.bySession(forged, NOW)]).toEqual([forged, null]);
    }
    for (const forged of ['', 'v1', session.slice(0, -1), `${session}=`, session.replace('v1.', 'v2.')])
      expect(tokens.bySession(forged, NOW)).toBeNull();
  });
});

describe('a pass', () => {
  it('is good while the work lasts that it was lent to, and no longer', async () => {
    const reader: Visitor = { ...visitor(SUPPORT), scope: 'read' };
    const pass = await tokens.lend(reader, async (lent) => {
      expect(tokens.byPass(lent)).toEqual({ ...reader, isBorrowed: true });
      return lent;
    });
    expect(tokens.byPass(pass)).toBeNull();
    let failed = '';
    await expect(
      tokens.lend(reader, (lent) => {
        failed = lent;
        return Promise.reject(new Error('broken'));
      }),
    ).rejects.toThrow('broken');
    expect(tokens.byPass(failed)).toBeNull();
  });
});

describe('the cookie of a session', () => {
  const local = { host: '127.0.0.1:3000', cookie: 'a=b; ledger=v1.x; c=d' };
  const secure = { host: 'ledger.example', cookie: '__Host-ledger=v1.y' };

  it.each([
    ['a page of the console', 'GET', 'same-origin', 'v1.x'],
    ['the address bar', 'GET', 'none', 'v1.x'],
    ['another site', 'GET', 'cross-site', null],
    ['a neighbour', 'GET', 'same-site', null],
    ['a browser that does not say', 'GET', undefined, null],
    ['a form of the console', 'POST', 'same-origin', 'v1.x'],
    ['a form of nowhere', 'POST', 'none', null],
    ['a form of another site', 'POST', 'cross-site', null],
  ])('counts from %s: %s %s', (_who, method, site, session) => {
    const headers = site === undefined ? local : { ...local, 'sec-fetch-site': site };
    expect(sessionIn(headers, method)).toBe(session);
  });

  it('needs TLS, except on this machine', () => {
    const site = { 'sec-fetch-site': 'same-origin' };
    expect(sessionIn({ ...secure, ...site }, 'GET')).toBe('v1.y');
    expect(sessionIn({ ...local, ...site, host: 'ledger.example' }, 'GET')).toBeNull();
    expect(sessionCookie('https://ledger.example', 's')).toMatch(
      /^__Host-ledger=s; Secure; Path=\/; HttpOnly; SameSite=Strict; /,
    );
    expect(sessionCookie('http://localhost:3000', 's')).toMatch(/^ledger=s; Path=\/; HttpOnly; SameSite=Strict; /);
    for (const origin of ['http://ledger.example', 'http://127.0.0.1.example', 'null', undefined, 'file:///x'])
      expect(sessionCookie(origin, 's')).toBeNull();
  });
});
