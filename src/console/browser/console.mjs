/**
 * The only script of the console. Pages work without it; it adds local times, keys, copying and live updates.
 * It never receives the token, and turns only the console's own pages into HTML.
 */

const own = { createHTML: (/** @type {string} */ text) => text };
/** @type {typeof own} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('ledger', own) ?? own;

const byId = (/** @type {string} */ id) => document.getElementById(id);
const main = () => /** @type {HTMLElement} */ (byId('main'));
function tell(/** @type {string} */ text, at = 'told') {
  const place = byId(at);
  if (place) place.textContent = text;
}
const isTyping = (/** @type {Element | null} */ at) => at?.matches('input, select, textarea') ?? false;

// Local times beside UTC.

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
function localTimes() {
  for (const time of main().querySelectorAll('time'))
    time.title = `${local.format(new Date(time.dateTime))}\n${time.dateTime}`;
}

// Live updates.

const openOnes = () =>
  [...main().querySelectorAll('details[open]')].map((one) => one.querySelector('summary')?.textContent).join('\n');
let openAtFirst = openOnes();

// A page in use is not replaced: one with a focus, a selection, a dialog, or other details open than at first.
const isInUse = () =>
  main().querySelector(':focus-visible, select:focus') !== null ||
  openOnes() !== openAtFirst ||
  getSelection()?.isCollapsed === false ||
  document.querySelector('dialog[open]') !== null;

/** The displayed page and its ETag. */
let shown = { url: '', tag: '' };
/** How long the last request took: slow pages are requested less often. */
let tookMs = 0;
const RESTS = 20;

async function show(/** @type {string} */ url) {
  const began = performance.now();
  const known = shown.url === url ? shown.tag : '';
  const answer = await fetch(url, { headers: { accept: 'text/html', ...(known ? { 'if-none-match': known } : {}) } });
  tookMs = performance.now() - began;
  if (answer.status === 304) return;
  if (!answer.ok || new URL(answer.url).pathname !== new URL(url, location.href).pathname) return location.reload();
  const focused = document.activeElement?.id;
  const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html');
  const next = page.getElementById('main');
  if (next === null) return location.reload();
  main().replaceWith(document.adoptNode(next));
  shown = { url, tag: answer.headers.get('etag') ?? '' };
  if (document.title !== page.title) tell((document.title = page.title));
  if (focused) byId(focused)?.focus({ preventScroll: true });
  ready();
}

let isStale = false;
async function refresh() {
  isStale = true;
  again();
  if (document.hidden || isPaused) return;
  if (isInUse()) return tell('New data is available. Press r to reload.');
  isStale = false;
  try {
    await show(location.href);
    tell(`Updated at ${new Date().toLocaleTimeString()}.`, 'fresh');
  } catch {
    tell('The ledger does not answer. This page is out of date.');
  }
}

let timer = 0;
/** Schedules the next refresh, after `data-refresh` seconds. */
function again() {
  clearTimeout(timer);
  const seconds = Number(main().dataset['refresh'] ?? 0);
  if (seconds > 0) timer = setTimeout(refresh, Math.max(seconds * 1_000, RESTS * tookMs));
}

let isPaused = false;
/** @type {EventSource | null} */
let source = null;
let live = '';
let soon = 0;

// Only while visible: browsers limit the connections.
function follow() {
  const wanted = document.hidden ? '' : (main().dataset['live'] ?? '');
  if (wanted === live) return;
  live = wanted;
  source?.close();
  source = null;
  if (wanted === '') return;
  source = new EventSource(wanted);
  // The first message has the displayed state.
  let isFirst = true;
  const heard = () => {
    if (isFirst) return void (isFirst = false);
    // One refresh per burst; a continuous flow refreshes at intervals.
    if (soon === 0) soon = setTimeout(() => ((soon = 0), refresh()), Math.max(300, RESTS * tookMs));
  };
  for (const kind of ['message', 'subscription', 'customer']) source.addEventListener(kind, heard);
}

function ready() {
  openAtFirst = openOnes();
  localTimes();
  follow();
  again();
}
document.addEventListener('visibilitychange', () => {
  follow();
  if (!document.hidden && isStale) void refresh();
});

// Forms that submit on change, and the sliders.

async function ask(/** @type {HTMLFormElement} */ form) {
  const fields = [...new FormData(form)].flatMap(([name, value]) => (value === '' ? [] : [[name, String(value)]]));
  const url = `${location.pathname}?${new URLSearchParams(fields)}`;
  history.replaceState(null, '', url);
  await show(url).catch(() => tell('The ledger does not answer.'));
}
document.addEventListener('change', (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  const form = field.closest('form');
  if (form?.method === 'get' && 'submit' in field.dataset) void ask(form);
});
document.addEventListener('input', (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || field.type !== 'range') return;
  const words = (field.dataset['words'] ?? '').split('|');
  const word = words[Number(field.value) - Number(field.min)] ?? field.value;
  field.setAttribute('aria-valuetext', word);
  tell(word, `${field.id}-word`);
});
function move(/** @type {string} */ id, /** @type {number | ((now: number) => number)} */ to) {
  const slider = byId(id);
  if (!(slider instanceof HTMLInputElement)) return;
  slider.value = String(typeof to === 'number' ? to : to(Number(slider.value)));
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  slider.dispatchEvent(new Event('change', { bubbles: true }));
}
document.addEventListener('click', (event) => {
  const at = /** @type {Element} */ (event.target);
  const known = at.closest('[data-known]');
  if (known instanceof SVGElement) move('known', Number(known.dataset['known']));
  const pause = at.closest('#pause');
  if (pause) {
    isPaused = !isPaused;
    pause.setAttribute('aria-pressed', String(isPaused));
    if (!isPaused && isStale) void refresh();
  }
});

// Keyboard shortcuts; a dialog lists them.

function step(/** @type {number} */ by) {
  const all = [...main().querySelectorAll('tbody tr, .timeline > li')];
  const at = all.findIndex((row) => row.classList.contains('at'));
  const next = all[Math.min(all.length - 1, Math.max(0, at + (at < 0 ? 1 : by)))];
  if (!next) return;
  all[at]?.classList.remove('at');
  next.classList.add('at');
  next.scrollIntoView({ block: 'nearest' });
  next.querySelector('a')?.focus({ preventScroll: true });
}
async function copy() {
  const id = (main().querySelector('.at .id') ?? main().querySelector('.id'))?.textContent;
  if (!id) return;
  await navigator.clipboard.writeText(id);
  tell(`Copied ${id}.`);
}
const go = (/** @type {string} */ path) => () => location.assign(`/console${path}`);
const KEYS = /** @type {Record<string, () => unknown>} */ ({
  '/': () => byId('q')?.focus(),
  '?': () => /** @type {HTMLDialogElement | null} */ (byId('keys'))?.showModal(),
  'g h': go(''),
  'g e': go('/events'),
  'g p': go('/projections'),
  'g k': go('/parked'),
  j: () => step(1),
  k: () => step(-1),
  o: () => main().querySelector('.at')?.querySelector('a')?.click(),
  c: () => copy().catch(() => tell('The browser does not allow copying.')),
  '[': () => move('known', (now) => now - 1),
  ']': () => move('known', (now) => now + 1),
  r: () => location.reload(),
});
let before = '';
document.addEventListener('keydown', (event) => {
  const { key } = event;
  const isOthers = event.ctrlKey || event.metaKey || event.altKey;
  if (isOthers || isTyping(document.activeElement) || document.querySelector('dialog[open]')) return;
  const pressed = before === 'g' ? `g ${key}` : key;
  before = key;
  if (key === '/') event.preventDefault();
  KEYS[pressed]?.();
});

// Narrow screens: bring the current entry into view.
document.querySelector('.top [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
document.documentElement.dataset['script'] = '';
ready();
