/** A list of whole numbers as an option names it; throws what the option takes when it is something else. */
export function wholeNumbers(option: string, text: string, max: number): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((value) => Number.isInteger(value) && value >= 1 && value <= max)) return numbers;
  throw new Error(`--${option} takes whole numbers from 1 to ${max}, not "${text}".`);
}
