/** Enough for any name; further words are not searchable. */
const WORDS_MAX = 16;
/** The number of letters of a word that are compared. */
const LETTERS_MAX = 64;

/**
 * The distinct words of a name as they are searched: lowercase and without accents, so that "dvorak" finds "Dvořák". A
 * letter of its own, such as "ø", stays.
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
