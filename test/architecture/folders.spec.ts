import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder may import from this repository, and why. Data flows in one direction. */
const rooms: Record<string, { mayImport: readonly string[]; because: string }> = {
  'src/events': { mayImport: [], because: 'meaning is pure and knows nobody' },
  projections: { mayImport: ['src/events'], because: 'a read model is a function of facts' },
  derivations: {
    mayImport: ['src/events', 'projections'],
    because: 'a derived read model is a function of the rows of others',
  },
  'src/eventstore': {
    mayImport: ['src/events', 'src/server-address.ts'],
    because: 'it is the only user of the database client',
  },
  'src/config': {
    mayImport: ['src/access', 'src/access-changes', 'derivations'],
    because: 'it reads variables into what rules and rooms need',
  },
  'src/http': { mayImport: ['src/config'], because: 'server, tokens and problems carry no meaning' },
  'src/stripe-api': { mayImport: [], because: 'it asks Stripe, and knows nothing of what is done with the answers' },
  'src/reconcile': {
    mayImport: [
      'src/events',
      'src/eventstore',
      'src/folding',
      'src/read-models',
      'src/catch-up',
      'src/stripe-api',
      'projections',
    ],
    because: 'it asks Stripe, and appends what it was told',
  },
  'src/webhook': {
    mayImport: ['src/events', 'src/eventstore', 'src/http', 'src/config'],
    because: 'intake depends on the event store alone',
  },
  'src/folding': {
    mayImport: ['src/events', 'src/eventstore/recorded-event.ts', 'projections'],
    because: 'rows are a pure function of events, live, in the past and in a verification',
  },
  'src/read-models': {
    mayImport: ['src/events', 'src/eventstore', 'src/folding', 'src/server-address.ts', 'projections'],
    because: 'it stores what the projector gives it',
  },
  'src/deriving': {
    mayImport: ['src/events', 'src/folding', 'src/read-models', 'projections', 'derivations'],
    because: 'it derives rows from rows, and knows no event',
  },
  'src/projector': {
    mayImport: ['src/deriving', 'src/eventstore', 'src/folding', 'src/read-models', 'projections'],
    because: 'it is the only writer of rows, one batch at a time',
  },
  'src/catch-up': {
    mayImport: [
      'src/deriving',
      'src/events',
      'src/eventstore',
      'src/folding',
      'src/projector',
      'src/read-models',
      'src/start-thread.ts',
      'projections',
      'derivations',
    ],
    because: 'it is the only way from the log to the projector',
  },
  'src/rebuild': {
    mayImport: [
      'src/closings',
      'src/deriving',
      'src/catch-up',
      'src/eventstore',
      'src/projector',
      'src/read-models',
      'src/start-thread.ts',
      'derivations',
      'projections',
    ],
    because: 'it fills generations by the same engine, with more workers',
  },
  'src/operations': {
    mayImport: [
      'src/deriving',
      'src/eventstore',
      'src/read-models',
      'src/catch-up',
      'src/rebuild',
      'src/start-thread.ts',
      'derivations',
      'projections',
    ],
    because: 'it does what somebody asked for by the engine that the command line uses, and writes down what it did',
  },
  'src/access': {
    mayImport: ['src/events', 'src/folding/group-by.ts'],
    because: 'an answer is a function of facts, policy and time',
  },
  'src/access-changes': {
    mayImport: [
      'src/access',
      'src/events',
      'src/eventstore',
      'src/folding/group-by.ts',
      'src/read-models',
      'src/start-thread.ts',
      'projections',
    ],
    because: 'it records when an answer of src/access has changed, and tells of it; who judges is handed to it',
  },
  'src/as-of': {
    mayImport: ['src/events', 'src/eventstore', 'src/read-models', 'src/folding', 'src/projector', 'projections'],
    because: 'the past is folded as the present is',
  },
  'src/closings': {
    mayImport: ['src/events', 'src/eventstore'],
    because: 'a closing is a fact of the log, and what it does to later months is arithmetic',
  },
  'src/api': {
    mayImport: [
      'src/closings',
      'src/version.ts',
      'src/access',
      'src/access-changes',
      'src/as-of',
      'src/deriving',
      'src/events',
      'src/eventstore',
      'src/read-models',
      'src/catch-up',
      'src/operations',
      'src/reconcile',
      'src/http',
      'src/start-thread.ts',
      'src/config',
      'derivations',
      'projections',
      'derivations',
    ],
    because: 'it reads; all it writes is that somebody wants a replay, or an operation',
  },
  'src/console': {
    mayImport: ['src/access', 'src/http', 'src/config', 'packages/client/src'],
    because:
      'its pages ask the routes of the API, so that none knows more than the API tells, by the types of the client',
  },
  'src/cli': {
    mayImport: [
      'src/as-of',
      'src/closings',
      'src/folding/group-by.ts',
      'src/reconcile',
      'src/stripe-api',
      'src/access-changes',
      'src/eventstore',
      'src/read-models',
      'src/catch-up',
      'src/rebuild',
      'src/deriving',
      'src/data-directory',
      'src/api/operations/status.ts',
      'src/api/exports/exported.ts',
      'src/api/books/views.ts',
      'src/config',
      'src/main.ts',
      'src/sample.ts',
      'src/signed-event.ts',
      'src/local-secrets.ts',
      'src/events/render-time.ts',
      'src/stripe-api',
      'src/server-address.ts',
      'src/port.ts',
      'src/version.ts',
      'packages',
      'src/heaps.ts',
      'projections',
      'derivations',
    ],
    because: 'it does by hand what the service does by itself, asks it, and starts service and servers',
  },
  'src/data-directory': {
    mayImport: ['packages', 'src/server-address.ts'],
    because: 'it runs the embedded servers',
  },
  'packages/embedded-eventstore/src': {
    mayImport: ['packages/private-files/src'],
    because: 'it is a server of its own, which knows nothing of the ledger',
  },
  'packages/embedded-postgres/src': {
    mayImport: ['packages/private-files/src'],
    because: 'it is a server of its own, which knows nothing of the ledger',
  },
  'packages/client/src': {
    mayImport: [],
    because: 'it knows the API by its document alone, and runs in programs of others',
  },
  'packages/private-files/src': { mayImport: [], because: 'it is a check that the servers and the ledger share' },
  simulator: { mayImport: [], because: 'it knows Stripe, and nothing of the ledger that it judges' },
  openapi: {
    mayImport: ['src', 'projections', 'derivations'],
    because: 'it describes the API from the code that serves it',
  },
  load: {
    mayImport: ['src', 'derivations', 'projections', 'packages', 'simulator', 'test/support'],
    because:
      'it measures the service from outside and its parts by themselves, by the oracle and the laws of the tests',
  },
  'test/support': {
    mayImport: ['src', 'projections', 'derivations', 'packages', 'simulator', 'openapi', 'test/projections/scenarios'],
    because: 'tests need no tools of load',
  },
};

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, file));
const sourceOf = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);

/** The repository's files that a file imports, dynamic imports included, relative to the root. */
const importsOf = (file: string): string[] =>
  ts
    .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative('.', join(dirname(file), specifier)).replace(/\.js$/, '.ts'))
    .map((imported) => (existsSync(join(root, imported)) ? imported : imported.replace(/\.ts$/, '.tsx')));

/** They sign as Stripe does, and do not call Stripe. */
const SIGNERS = ['src/signed-event.ts', 'src/cli/events.command.ts'];

/** All files that the service is built from. */
const built = (): string[] =>
  ['src', 'projections', 'derivations', 'packages'].flatMap(filesIn).filter((file) => !isTest(file));
const isTest = (file: string): boolean => /^packages\/[\w-]+\/test\//.test(file);

const within = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);

describe('the folders', () => {
  it.each(Object.entries(rooms))('%s imports only what it may', (folder, { mayImport }) => {
    const strangers = filesIn(folder).flatMap((file) =>
      importsOf(file)
        .filter((imported) => ![folder, ...mayImport].some((room) => within(imported, room)))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(strangers).toEqual([]);
  });

  it('import one another in no circle', () => {
    const names = Object.keys(rooms);
    const roomOf = (file: string): string | undefined => names.find((name) => within(file, name));
    const open = new Map(
      names.map((name) => [
        name,
        new Set(
          filesIn(name)
            .flatMap(importsOf)
            .flatMap((file) => roomOf(file) ?? [])
            .filter((room) => room !== name),
        ),
      ]),
    );
    // Folders without remaining imports are removed until only cycles are left.
    for (let taken = true; taken;) {
      const done = [...open].filter(([, imported]) => [...imported].every((room) => !open.has(room)));
      for (const [name] of done) open.delete(name);
      taken = done.length > 0;
    }
    expect([...open.keys()]).toEqual([]);
  });

  it('are built for the service without tests, simulator and load tools', () => {
    const foldersIn = (folder: string): string[] =>
      readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? entry.name : [],
      );
    expect(foldersIn('dist').sort()).toEqual(['derivations', 'packages', 'projections', 'src']);
    expect(foldersIn('dist/packages').map((name) => [name, ...foldersIn(`dist/packages/${name}`)])).toEqual(
      foldersIn('packages').map((name) => [name, 'src']),
    );
  });

  it('keep the engine from knowing any projection, so that a new one is a file, its scenarios, and a line in the list', () => {
    const engine = [
      'src/folding',
      'src/deriving',
      'src/projector',
      'src/catch-up',
      'src/rebuild',
      'src/read-models',
    ].flatMap(filesIn);
    const known = engine
      .flatMap(importsOf)
      .filter(
        (imported) =>
          within(imported, 'projections') &&
          ![
            'projections/projection.ts',
            'projections/columns.ts',
            'projections/filters.ts',
            'projections/index.ts',
          ].includes(imported),
      );
    expect(known).toEqual([]);
  });

  it('leave the client of the event store to src/eventstore, and its generated code to the embedded server', () => {
    const users = built().filter((file) => readFileSync(join(root, file), 'utf8').includes("'@eventstore/db-client"));
    expect(
      users.filter(
        (file) => !within(file, 'src/eventstore') && file !== 'packages/embedded-eventstore/src/protocol.ts',
      ),
    ).toEqual([]);
  });

  it('leave the client of Stripe to src/stripe-api, and to the signers of events', () => {
    const users = built().filter((file) => readFileSync(join(root, file), 'utf8').includes("from 'stripe'"));
    expect(users.filter((file) => !within(file, 'src/stripe-api') && !SIGNERS.includes(file))).toEqual([]);
  });

  it('leave the environment to environment.ts, to the commands of the event store, and to the starters of Postgres’s programs', () => {
    const readers = built().filter((file) => /process\.env/.test(readFileSync(join(root, file), 'utf8')));
    const allowed = [
      'src/config/environment.ts',
      'src/eventstore/copy/cli.ts',
      'packages/embedded-eventstore/src/cli.ts',
      'packages/embedded-postgres/src/cluster.ts',
    ];
    expect(readers.filter((file) => !allowed.includes(file))).toEqual([]);
  });
});

describe('functions', () => {
  const LINES_MAX = 90;

  it(`have no more than ${LINES_MAX} lines`, () => {
    const long: string[] = [];
    for (const file of [...built(), ...filesIn('simulator'), ...filesIn('load')]) {
      const source = sourceOf(file);
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
          const lines =
            source.getLineAndCharacterOfPosition(node.end).line -
            source.getLineAndCharacterOfPosition(node.getStart()).line +
            1;
          if (lines > LINES_MAX) long.push(`${file}: ${lines} lines at ${node.getStart()}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(source);
    }
    expect(long).toEqual([]);
  });
});
