/** Enough for any name; the words after them are not searched. */
const WORDS_MAX = 16;
/** Letters of a word that are compared. */
const LETTERS_MAX = 64;

/**
 * The words of a name as they are searched: each once, in small letters and without accents, so that "dvorak" finds "Dvořák".
 * A letter that no accent makes, such as "ø", stays.
 */
export function wordsOf(name: string): readonly string[] {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => [...word].slice(0, LETTERS_MAX).join(''));
  return [...new Set(words)].slice(0, WORDS_MAX);
}
