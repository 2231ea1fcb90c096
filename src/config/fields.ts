import { z } from 'zod';

/** A mistake in a value, as a sentence without the variable's name. */
export class Mistake {
  constructor(readonly text: string) {}
}

/** A whole number within bounds; the error message shows `example`. */
export const wholeNumber = (min: number, max: number, example: number) => {
  const error = `must be a whole number from ${min} to ${max}, e.g. ${example}`;
  return z.coerce.number<string>({ error }).int({ error }).min(min, { error }).max(max, { error });
};

/** A whole number within bounds, with a default. */
export const integer = (fallback: number, min: number, max: number) =>
  wholeNumber(min, max, fallback).default(fallback);

/** One of `values`, with a default. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` }).default(fallback as never);

/** The location of a store: `embedded` (the default), or a URL of this scheme. */
export const url = (scheme: RegExp, example: string) =>
  z
    .string()
    .default('embedded')
    .refine((value) => value === 'embedded' || scheme.test(value), `must be "embedded", or look like ${example}`);

/** Entries separated by commas or spaces, each with its name before the first =. */
export const named = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? { name: '', value: part } : { name: part.slice(0, at), value: part.slice(at + 1) };
      }),
  );

/** One of the known words; `message` is the error for any other. */
export const knownWord = (known: readonly string[], message: string) =>
  z.string().refine((text) => known.includes(text), message);

/** Words of a list, or `none`. */
export const wordsOf = <T extends string>(words: readonly [T, ...T[]], preset: readonly string[]) =>
  z
    .string()
    .default(preset.join(','))
    .transform((text) => (text === 'none' ? [] : text.split(/[\s,]+/).filter(Boolean)))
    .pipe(z.array(z.enum(words, { error: `must be a list of ${words.join(', ')}, separated by commas, or none` })));

/** `yes` or `no`, read as a boolean. */
export const yesOrNo = (fallback: boolean) =>
  z
    .enum(['yes', 'no'], { error: 'must be "yes" or "no"' })
    .default(fallback ? 'yes' : 'no')
    .transform((value) => value === 'yes');
