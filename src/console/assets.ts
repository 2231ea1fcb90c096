import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The files for the browser; the build also serves them from the source folder. */
const FOLDER = new URL(
  import.meta.url.endsWith('.ts') ? './browser/' : '../../../src/console/browser/',
  import.meta.url,
);

const KINDS = {
  style: { file: 'console.css', type: 'text/css; charset=utf-8' },
  script: { file: 'console.mjs', type: 'text/javascript; charset=utf-8' },
  icon: { file: 'icon.svg', type: 'image/svg+xml' },
} as const;

type Asset = Readonly<{ path: string; type: string; bytes: Buffer }>;

const read = ({ file, type }: Readonly<{ file: string; type: string }>): Asset => {
  const bytes = readFileSync(new URL(file, FOLDER));
  const version = createHash('sha256').update(bytes).digest('base64url').slice(0, 12);
  return { path: `/console/assets/${version}/${file}`, type, bytes };
};
const assets = { style: read(KINDS.style), script: read(KINDS.script), icon: read(KINDS.icon) };

/** Addresses that contain a hash of the file: a browser caches them for good, and an update changes them. */
export const ASSETS = { style: assets.style.path, script: assets.script.path, icon: assets.icon.path } as const;

/** The file at an address; null where there is none, or only another version. */
export const assetAt = (path: string): Asset | null => Object.values(assets).find((one) => one.path === path) ?? null;
